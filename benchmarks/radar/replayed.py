"""Replaying many mentions through `inference radar replay`, killed in the middle, then once more.

`lost` and `twice`: mentions that the store lacks, or counts more than once, after the second run.
`peak_mb` and `peak_mb_of_a_tenth`: the most memory a whole replay took, and one of a tenth of the
mentions: bounded means that they hardly differ. `mentions_per_second` includes the start.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from benchmarks.peak import wait_for_peak
from sqlalchemy import create_engine, func, select

from inference.store.tables import RADAR_COUNTS, RADAR_MENTIONS

AIRLINES = ("Air Paradis", "Nord", "Sud")
PER_HOUR = 100
START = datetime(2026, 1, 5, tzinfo=UTC)
COMPLAINTS = (
    "Three hours at the gate and nobody tells us anything",
    "You lost my bag again and the desk is closed",
    "Worst service ever, the flight was cancelled and no refund",
)
PRAISE = ("Lovely crew today, thank you", "Smooth flight and on time", "Great seat, happy")
WORDS = "terminal window coffee morning family holiday ticket phone desk crew delay".split()


def measure_replay(mentions: int, model: str | None) -> dict[str, object]:
    """Replay, and say what became of it.

    Args:
        mentions: how many.
        model: `MODEL_SOURCE`; None: naive Bayes, trained on the bundled sample now.
    """
    with tempfile.TemporaryDirectory(prefix="bench-radar-") as scratch:
        folder = Path(scratch)
        environment = _environment(folder, model)
        whole, tenth = folder / "mentions.jsonl", folder / "tenth.jsonl"
        _write(whole, mentions)
        _write(tenth, max(1, mentions // 10))
        began = time.monotonic()
        _say(f"{mentions:,} mentions, killed in the middle")
        _run(whole, environment, kill_after=mentions // 2)
        killed = _totals(environment)
        _say(f"{killed[0]:,} were counted; once more")
        peak = _run(whole, environment)
        seconds = time.monotonic() - began
        counted, identities = _totals(environment)
        _say("a tenth of them, for its memory")
        small = _run(tenth, environment | {"DATABASE_URL": f"sqlite:///{folder / 'tenth.db'}"})
    return {
        "mentions": mentions,
        "counted_before_the_kill": killed[0],
        "lost": max(0, mentions - identities),
        "twice": counted - identities,
        "mentions_per_second": round(mentions / seconds),
        "peak_mb": round(peak),
        "peak_mb_of_a_tenth": round(small),
    }


def _say(what: str) -> None:
    print(f"\nbenchmarks.radar: {what}", file=sys.stderr, flush=True)


def _environment(folder: Path, model: str | None) -> dict[str, str]:
    environment = os.environ | {
        "DATA_DIR": str(folder / "data"),
        "DATABASE_URL": f"sqlite:///{folder / 'radar.db'}",
        "MODEL_SOURCE": model or "models:/tweet-sentiment/1",
    }
    if model is None:
        environment["MLFLOW_TRACKING_URI"] = f"sqlite:///{folder / 'mlflow.db'}"
        trainer = Path(sys.executable).with_name("trainer")
        command = [str(trainer), "train", "naive-bayes", "--data", "sample"]
        subprocess.run(command, env=environment, cwd=folder, check=True, stdout=sys.stderr)
    return environment


def _write(path: Path, mentions: int) -> None:
    random = np.random.default_rng(mentions)
    with path.open("w", encoding="utf-8") as file:
        for number in range(mentions):
            moment = START + timedelta(
                seconds=float(random.uniform(0, mentions / PER_HOUR * 3_600))
            )
            texts = COMPLAINTS if random.random() < 0.5 else PRAISE
            words = " ".join(random.choice(WORDS, 3))
            row = {
                "text": f"{texts[random.integers(len(texts))]} {words} {number}",
                "created_at": moment.isoformat(),
                "airline": AIRLINES[random.integers(len(AIRLINES))],
                "author": f"author-{random.integers(5_000)}",
            }
            file.write(json.dumps(row) + "\n")


def _run(path: Path, environment: dict[str, str], *, kill_after: int | None = None) -> float:
    """Replay a file; returns the most memory that took, in MB.

    Args:
        path: the file.
        environment: of the process.
        kill_after: mentions after which it is killed.
    """
    command = [sys.executable, "-m", "inference", "radar", "replay", str(path)]
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    assert process.stderr is not None
    done = 0
    while said := process.stderr.readline(200) if kill_after is None else _part(process.stderr):
        sys.stderr.buffer.write(said)
        sys.stderr.flush()
        words = said.replace(b",", b"").split(b" of ")[0].split()
        done = int(words[-1]) if words and words[-1].isdigit() else done
        if kill_after is not None and done >= kill_after:
            process.kill()
            break
    process.stderr.close()
    peak = wait_for_peak(process)
    if kill_after is None and process.returncode:
        raise SystemExit(f"benchmarks.radar: the replay failed with {process.returncode}")
    return peak / (1 << 20)


def _part(stream: object) -> bytes:
    """What a process says up to the next return of the carriage."""
    found = b""
    while (byte := stream.read(1)) and byte not in b"\r\n":  # type: ignore[attr-defined]
        found += byte
    return found + b"\r" if byte or found else b""


def _totals(environment: dict[str, str]) -> tuple[int, int]:
    """Mentions in the counts, and mentions by identity."""
    engine = create_engine(environment["DATABASE_URL"])
    try:
        with engine.connect() as connection:
            counted = connection.execute(select(func.sum(RADAR_COUNTS.c.mentions))).scalar_one()
            identities = connection.execute(
                select(func.count()).select_from(RADAR_MENTIONS)
            ).scalar_one()
    finally:
        engine.dispose()
    return int(counted or 0), identities

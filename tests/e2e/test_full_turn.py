"""A full turn: serve, predict, reject with corrections, retrain, gate, promote, serve better.

Real processes and SQLite. The base data know praise and complaint in some words; people then speak
in others, correct under their keys what the model makes of them, and the API, not restarted, reads
paraphrases that nobody has sent before.
"""

import csv
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from demo.supervisor import Supervisor

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

BIN = Path(sys.executable).parent
SECONDS = 90.0
INHERITED = "HOME LANG LD_LIBRARY_PATH OMP_NUM_THREADS PATH TMPDIR USER".split()

KNOWN = {
    "positive": ("lovely", "superb", "kind", "smooth"),
    "negative": ("awful", "rude", "dirty", "broken"),
}
NEW = {"positive": ("zesty", "gnarly", "boss"), "negative": ("manky", "naff", "grotty")}
THINGS = "crew seat meal flight lounge boarding steward cabin landing service".split()
PLACES = "Lyon Oslo Porto Cairo Riga Nice Malta Bari Kiel Turku Basel Split".split()
PARAPHRASES = (
    "What a {} trip that has been",
    "I call that {}, and I shall say so to all my friends",
    "My aunt found it {} too",
)

Texts = list[tuple[str, str]]


def sentences(words: dict[str, tuple[str, ...]], count: int, seed: int) -> Texts:
    """So many different texts with their labels."""
    every = [
        (f"the {thing} to {place} was {word} on day {day}", label)
        for label, said in words.items()
        for word in said
        for thing in THINGS
        for place in PLACES
        for day in range(1, 6)
    ]
    return random.Random(seed).sample(every, count)


class Turn:
    """A registry, an API that asks for keys, and the commands beside it."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.url = f"http://127.0.0.1:{port}"
        self.supervisor = Supervisor()
        self.environment = {name: os.environ[name] for name in INHERITED if name in os.environ} | {
            "MLFLOW_TRACKING_URI": f"sqlite:///{folder / 'mlflow.db'}",
            "DATABASE_URL": f"sqlite:///{folder / 'inference.db'}",
            "DATA_DIR": str(folder),
            "MODEL_POLL_SECONDS": "0.5",
            "ACCESS": "keys",
            "INFERENCE_URL": self.url,
        }
        self.port = port

    def run(self, *command: str, **environment: str) -> str:
        """Run a command to its end and return what it printed."""
        done = subprocess.run(
            [str(BIN / command[0]), *command[1:]],
            env=self.environment | environment,
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )
        assert done.returncode == 0, f"{command}: {done.stdout}\n{done.stderr[-3000:]}"
        return done.stdout

    def key(self, name: str, *scopes: str) -> str:
        """A new access key."""
        given = [part for scope in scopes for part in ("--scope", scope)]
        return self.run("inference", "keys", "create", name, *given).strip()

    def serve(self) -> None:
        """Start the API, and wait until it answers."""
        command = [str(BIN / "inference"), "serve", "--port", str(self.port)]
        log = self.folder / "inference.log"
        self.supervisor.start("inference", command, self.environment, log)
        self.wait_until(lambda: httpx.get(f"{self.url}/readyz").status_code == httpx.codes.OK)

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Look until something holds; fail when the API has ended meanwhile."""
        deadline = time.monotonic() + SECONDS
        while True:
            self.supervisor.tick()
            try:
                if condition():
                    return
            except httpx.TransportError:
                pass
            assert time.monotonic() < deadline, (self.folder / "inference.log").read_text()[-3000:]


@pytest.fixture
def turn(tmp_path: Path, free_port: Callable[[], int]) -> Iterator[Turn]:
    turn = Turn(tmp_path, free_port())
    yield turn
    turn.supervisor.stop()


class Person:
    """Somebody who asks the API under a key of their own."""

    def __init__(self, url: str, key: str) -> None:
        self._client = httpx.Client(
            base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=30
        )

    def ask(self, text: str) -> dict[str, Any]:
        answer = self._client.post("/v1/predict", json={"text": text})
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def correct(self, text: str, label: str) -> bool:
        """Say what a text really is; returns whether the model was wrong."""
        prediction = self.ask(text)
        verdict: dict[str, Any] = {"prediction_id": prediction["id"], "verdict": "confirmed"}
        wrong = prediction["label"] != label
        if wrong:
            verdict |= {"verdict": "rejected", "corrected_label": label}
        answer = self._client.post("/v1/feedback", json=verdict | {"text": text, "consent": True})
        assert answer.status_code == 200, answer.text
        return wrong


def test_corrections_become_a_better_model_that_serves(turn: Turn, tmp_path: Path) -> None:
    base = tmp_path / "base.csv"
    with base.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("text", "label"), *sentences(KNOWN, 2_400, seed=0)])
    data = ("--data", str(base))
    turn.run("trainer", "first-champion", "--recipe", "naive-bayes", *data)
    admin, ann_key = turn.key("trainer", "admin"), turn.key("ann", "predict", "feedback")
    turn.serve()
    ann = Person(turn.url, ann_key)

    paraphrases = [
        (form.format(word), label)
        for label, words in NEW.items()
        for word in words
        for form in PARAPHRASES
    ]
    before = [ann.ask(text)["label"] == label for text, label in paraphrases]
    assert sum(before) <= len(before) * 2 / 3  # it does not know these words

    corrected = sum(ann.correct(text, label) for text, label in sentences(NEW, 60, seed=1))
    assert corrected >= 10

    said = json.loads(turn.run("trainer", "retrain", *data, "--json", RADAR_API_KEY=admin))
    assert (said["outcome"], said["version"], said["previous"]) == ("promoted", 2, 1)
    assert said["recipe"] == "naive-bayes"  # the champion's
    assert said["decided_by"].startswith("better on held-out feedback")
    feedback, merged = said["counts"]["feedback"], said["counts"]["merged"]
    assert feedback["read"] == 60
    assert feedback["kept"] + feedback["held_out"] == 60
    assert feedback["held_out"] >= 5
    assert merged["feedback"] == feedback["kept"]

    turn.wait_until(lambda: ann.ask("and now?")["model_version"] == "2")
    after = [ann.ask(text)["label"] == label for text, label in paraphrases]
    assert all(after), [
        text for (text, _), right in zip(paraphrases, after, strict=True) if not right
    ]
    known = sentences(KNOWN, 40, seed=2)
    assert all(ann.ask(text)["label"] == label for text, label in known)

    said = turn.run("trainer", "rollback", "--reason", "to see the way back")
    assert "version 1 (naive-bayes) of tweet-sentiment is the champion again" in said
    turn.wait_until(lambda: ann.ask("and now?")["model_version"] == "1")

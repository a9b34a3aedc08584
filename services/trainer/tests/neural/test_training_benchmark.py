"""`make bench-training` at its smallest, with tiny weights."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[4]


@pytest.mark.slow
def test_the_last_line_says_what_was_measured(tiny_encoders):
    environment = {name: value for name, value in os.environ.items() if name != "TWEETS_DIR"}
    command = ["-m", "benchmarks.training", "--quick", "--weights", tiny_encoders["roberta"]]
    done = subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "bert: " in done.stderr  # progress is shown
    assert "plain Keras: " in done.stderr
    figures = json.loads(done.stdout.splitlines()[-1])
    assert figures["speedup_bert"] > 0
    assert figures["speedup_range"] == [figures["speedup_bert"]] * 2  # of one round
    assert -100 <= figures["accuracy_difference"] <= 100
    assert 0 < figures["ingest_seconds"] < 60
    assert 0.05 < figures["ingest_gb"] < 2.5


def test_rows_below_one_are_refused():
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.training", "--rows", "0"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert "--rows must be 1 or more" in done.stderr

"""The command that measures start and memory, with a small bundle."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_start_and_memory_are_measured(bundle_path: Path) -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "benchmarks.footprint", str(bundle_path)),
            *("--starts", "1", "--seconds", "0.5"),
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout.splitlines()[-1])
    assert figures["start_range"] == [figures["start_seconds"]] * 2
    assert 0.1 < figures["start_seconds"] < 120
    assert 30 < figures["resident_mb_idle"] <= figures["resident_mb"] < 1_000


def test_a_model_that_is_not_understood_is_told_with_the_apis_own_words() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.footprint", "models:/"],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == 1
    assert "MODEL_SOURCE" in done.stderr

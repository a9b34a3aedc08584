"""The benchmarks that hold for minutes what these tests hold for seconds."""

import json
import subprocess
import sys

import pytest

pytestmark = pytest.mark.e2e


def test_the_long_overload_measures_what_it_says(bundle_path, pytestconfig):
    options = ("--peak-seconds", "1", "--seconds", "2")
    result = subprocess.run(
        [sys.executable, "-m", "benchmarks.overload", str(bundle_path), *options],
        cwd=pytestconfig.rootpath,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert result.returncode == 0, result.stderr
    figures = json.loads(result.stdout.splitlines()[-1])
    assert set(figures["statuses"]) <= {"200", "429"}
    assert figures["statuses"]["200"] > 0
    assert 0 < figures["p99_seconds"] < figures["deadline_seconds"]
    assert figures["memory_mb"] > 50


def test_a_model_that_cannot_be_served_is_told_with_the_log(pytestconfig):
    result = subprocess.run(
        [sys.executable, "-m", "benchmarks.overload", "models:/tweets", "--seconds", "1"],
        cwd=pytestconfig.rootpath,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert result.returncode == 1
    assert "MODEL_SOURCE" in result.stderr

"""`make bench-radar` at its smallest."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[4]
TWEETS = os.environ.get("TWEETS_DIR")


def run(*arguments):
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.radar", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_the_last_line_says_how_well_surges_are_seen():
    figures = run("simulated", "--runs", "2")
    assert figures["surges"] == 56
    assert figures["found_share"] >= 0.9
    assert figures["median_delay_minutes"] <= 25
    assert figures["false_alarms_per_day"] <= 0.5
    assert figures["per_hour"]["found_share"] < figures["found_share"]


def test_the_last_line_says_what_a_kill_did(bundle_path):
    figures = run("replay", "--mentions", "6000", "--model", str(bundle_path))
    assert 3_000 <= figures["counted_before_the_kill"] < 6_000
    assert (figures["lost"], figures["twice"]) == (0, 0)
    assert figures["peak_mb"] < figures["peak_mb_of_a_tenth"] + 50


@pytest.mark.tweets
@pytest.mark.skipif(not TWEETS, reason="needs TWEETS_DIR")
def test_the_airlines_surges_are_those_of_the_true_labels():
    figures = run("airline")
    assert figures["share_error_points"] <= 3
    assert figures["found_in_both"] >= 0.8 * figures["episodes_of_true_labels"]
    assert figures["true_elevation"] > 1.5

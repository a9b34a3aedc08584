"""A comparison that is killed again and again ends as one left alone."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from trainer.registry.versions import Version

COMMAND = str(Path(sys.executable).parent / "trainer")
RECIPES = "naive-bayes:features=words,logistic-regression:features=words"
ARGUMENTS = ("compare", "--data", "sample", "--recipes", RECIPES, "--seeds", "2", "--limit", "300")
TIMES = ("fit_seconds", "tweets_per_second", "euros_per_million")
KILLS = 3  # a run has ten lines of progress; each kill comes after 1 to 25 of them
LONGEST_WAIT = 300


def untimed(content):
    """The same without what is measured in seconds, and without the names of runs and code."""
    other = ("decision", "parent_run", "commits")
    same = {key: value for key, value in content.items() if key not in other}
    same["best"] = {key: value for key, value in same["best"].items() if key != "run_id"}
    same["recipes"] = [
        {key: value for key, value in recipe.items() if key not in TIMES}
        for recipe in same["recipes"]
    ]
    return same


class Store:
    """A tracking store of its own, and commands that use it."""

    def __init__(self, folder, database):
        folder.mkdir()
        (folder / "mlflow.db").write_bytes(database.read_bytes())
        self.folder = folder
        self.environment = {
            **os.environ,
            "MLFLOW_TRACKING_URI": f"sqlite:///{folder / 'mlflow.db'}",
            "PYTHONUNBUFFERED": "1",
        }

    def start(self):
        return subprocess.Popen(
            [COMMAND, *ARGUMENTS, "--json", "--report", "report.html"],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def kill_somewhere(self, chance):
        """Kill a command at a random moment after its first run began; says where that was."""
        running = self.start()
        guard = threading.Timer(LONGEST_WAIT, running.kill)
        guard.start()
        lines = chance.randrange(1, 26)
        reached = "the start"
        for line in running.stderr:
            if line.startswith("run "):
                reached, lines = line.strip(), lines - 1
            if not lines:
                break
        time.sleep(chance.uniform(0, 0.4))
        running.send_signal(signal.SIGKILL)
        running.communicate()
        guard.cancel()
        return reached


@pytest.fixture
def store(tmp_path, empty_tracking_database):
    def make(name):
        return Store(tmp_path / name, empty_tracking_database)

    return make


def finished(running):
    out, err = running.communicate(timeout=LONGEST_WAIT)
    assert running.returncode == 0, err
    return json.loads(out)


@pytest.mark.timeout(900)
def test_a_comparison_killed_three_times_gives_the_same_table(store):
    alone = store("alone").start()
    seed = random.randrange(10**6)
    chance = random.Random(seed)
    killed = store("killed")
    places = [killed.kill_somewhere(chance) for _ in range(KILLS)]
    resumed = finished(killed.start())
    undisturbed = finished(alone)
    after, expected = untimed(resumed), untimed(undisturbed)
    assert after["recipes"] == expected["recipes"], f"random seed {seed}, killed at {places}"
    assert after == expected

    import mlflow

    address = killed.environment["MLFLOW_TRACKING_URI"]
    client = mlflow.MlflowClient(tracking_uri=address, registry_uri=address)
    experiment = client.get_experiment_by_name("tweet-sentiment").experiment_id
    runs = client.search_runs([experiment])
    parents = [run for run in runs if "mlflow.parentRunId" not in run.data.tags]
    measured = [run for run in runs if run.data.tags.get("compared_state") == "measured"]
    assert {run.info.status for run in runs} <= {"FINISHED", "KILLED"}
    assert len(measured) == 4
    assert resumed["parent_run"] in {run.info.run_id for run in parents}
    # One version, however many models were trained; the others' bundles are gone.
    (version,) = client.search_model_versions("")
    assert Version.of(version).run_id == resumed["best"]["run_id"]
    assert len(client.search_logged_models([experiment])) == 1
    assert not list(killed.folder.glob("comparisons/*/*/bundle"))
    assert "<html" in (killed.folder / "report.html").read_text()

"""Dropped files become champions, whatever happens on the way: real training, real MLflow."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from trainer.errors import TrainerError
from trainer.registry.versions import champion
from trainer.tracking.store import URI_VARIABLE, tracking_session
from trainer.watching.folder import Folder

NAME = "tweet-sentiment"
QUICKLY = ("--poll-seconds", "0.05", "--settle-seconds", "0.1")


@pytest.fixture(scope="session")
def base_store(empty_tracking_database, tmp_path_factory, base_rows, write):
    """A store whose champion was trained on the base."""
    folder = tmp_path_factory.mktemp("base")
    base = write(folder / "base.csv", base_rows)
    shutil.copy(empty_tracking_database, folder / "mlflow.db")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(URI_VARIABLE, f"sqlite:///{folder / 'mlflow.db'}")
        invoke("train", "naive-bayes", "--data", str(base))
        invoke("promote", "--best", "--force", "--reason", "the new words look uncalibrated")
    return folder / "mlflow.db"


@pytest.fixture
def drop(base_store, tmp_path, monkeypatch):
    """A watched folder, and a store of the test's own with that champion."""
    store = shutil.copy(base_store, tmp_path / "mlflow.db")
    monkeypatch.setenv(URI_VARIABLE, f"sqlite:///{store}")
    folder = tmp_path / "drop"
    folder.mkdir()
    return folder


@pytest.fixture
def tracking(drop):
    """A client of that store."""
    with tracking_session() as client:
        yield client


def invoke(*arguments):
    from trainer.cli import app

    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == 0, f"{result.output}\n{result.exception!r}"
    return result.output


def watch(folder):
    return invoke("watch", str(folder), "--once", *QUICKLY)


def files(folder):
    return sorted(
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and not path.relative_to(folder).parts[0].startswith(".")
    )


def test_a_dropped_file_is_trained_on_and_its_model_serves(drop, tracking, write, new_rows):
    write(drop / "new.csv", new_rows)
    (drop / "bad.csv").write_text("one,two,three\n1,2,3\n")
    write(drop / "other labels.csv", [(f"text {n}", "neutral", "") for n in range(20)])
    said = watch(drop)

    served = champion(tracking, NAME)
    assert served.number == 2
    assert files(drop) == [
        "promoted/000002-new.csv",
        "promoted/000002-new.csv.report.txt",
        "rejected/bad.csv",
        "rejected/bad.csv.report.txt",
        "rejected/other labels.csv",
        "rejected/other labels.csv.report.txt",
    ]
    report = (drop / "promoted/000002-new.csv.report.txt").read_text()
    assert "version 2 (naive-bayes) of tweet-sentiment, trained with new.csv, serves now" in report
    assert "pass  better on test" in report
    assert "added: 296" in report
    assert "added_left_out: 4" in report  # the test rows have them
    assert "has no column 'text' and 'label'" in (drop / "rejected/bad.csv.report.txt").read_text()
    reason = (drop / "rejected/other labels.csv.report.txt").read_text()
    assert "labels that the base data do not have: neutral" in reason
    assert "version 2 serves now: retrained; better on test" in said

    # The same again, under another name; and sound rows that teach nothing new.
    write(drop / "again.csv", new_rows)
    write(
        drop / "useless.csv", [(f"on day {n} of {n + 1}", "negative", "train") for n in range(20)]
    )
    watch(drop)
    assert champion(tracking, NAME).number == 2
    report = (drop / "rejected/again.csv.report.txt").read_text()
    assert "its content is that of promoted/000002-new.csv" in report
    report = (drop / "refused/useless.csv.report.txt").read_text()
    assert "FAIL  better on test" in report
    assert "added: 316" in report  # what was promoted trains with it


class Watch:
    """`trainer watch` as a process of its own."""

    def __init__(self, folder):
        self.log = folder.parent / "watch.log"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [str(Path(sys.executable).parent / "trainer"), "watch", str(folder), *QUICKLY],
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )

    def until(self, condition, seconds=90):
        deadline = time.monotonic() + seconds
        while not condition():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.02)

    def end(self, signum):
        self.process.send_signal(signum)
        return self.process.wait(timeout=60)


def is_locked(folder):
    try:
        with Folder(folder, 0.1).locked():
            return False
    except TrainerError:
        return True


def test_killed_at_any_moment_it_goes_on_and_sigterm_ends_it(drop, tracking, write, new_rows):
    write(drop / "new.csv", new_rows)
    taken, promoted = drop / "working/new.csv", drop / "promoted/000002-new.csv"
    rng = random.Random()
    seed = rng.randrange(1_000)
    rng.seed(seed)
    first = Watch(drop)
    try:
        first.until(taken.exists)
        time.sleep(rng.uniform(0, 4))
        first.end(signal.SIGKILL)
        assert taken.exists() != bool(list((drop / "promoted").glob("*.csv"))), f"seed {seed}"
    finally:
        first.process.kill()
    second = Watch(drop)
    try:
        second.until(lambda: is_locked(drop))
        second.until(lambda: list((drop / "promoted").glob("*-new.csv")))
        assert second.end(signal.SIGTERM) == 0, second.log.read_text()
    finally:
        second.process.kill()
    (kept,) = (drop / "promoted").glob("*-new.csv")
    assert kept.name in (promoted.name, "000003-new.csv"), f"seed {seed}"
    assert champion(tracking, NAME).number == int(kept.name[:6])
    assert not list((drop / "working").glob("[!.]*"))
    assert second.log.read_text().rstrip().endswith("stopped")


def test_a_version_registered_before_the_kill_is_not_trained_again(
    drop, tracking, write, new_rows, monkeypatch
):
    from trainer.feedback import retraining

    def killed(*arguments, **options):
        raise KeyboardInterrupt

    write(drop / "new.csv", new_rows)
    with monkeypatch.context() as patch:
        patch.setattr(retraining, "put_to_gate", killed)
        said = watch(drop)
    assert "stopped; new.csv will be taken up at the next start" in said

    said = watch(drop)

    assert "new.csv: taken up again" in said
    assert "version 2 (naive-bayes) was trained with it before the stop" in said
    assert len(tracking.search_model_versions("")) == 2
    assert champion(tracking, NAME).number == 2
    assert (drop / "promoted/000002-new.csv").exists()


def test_an_api_that_is_away_delays_and_blames_no_file(
    drop, tracking, write, new_rows, free_port, monkeypatch
):
    from trainer.watching import watcher

    write(drop / "new.csv", new_rows)
    waits = []

    def wait(seconds):
        if seconds >= 10:  # those within one attempt to reach it are shorter
            waits.append(seconds)
        if len(waits) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(watcher.time, "sleep", wait)
    url = f"http://127.0.0.1:{free_port()}"
    said = invoke("watch", str(drop), "--inference-url", url, "--settle-seconds", "0")
    assert said.count("does not answer") == 3
    assert waits == [10, 20, 40]
    assert (drop / "working/new.csv").exists()


def test_without_a_champion_the_base_must_be_named(drop, tracking, tmp_path):
    from trainer.cli import app

    tracking.delete_registered_model_alias(NAME, "champion")
    result = CliRunner().invoke(app, ["watch", str(tmp_path)])
    assert isinstance(result.exception, TrainerError)
    assert "tweet-sentiment has no champion" in str(result.exception)

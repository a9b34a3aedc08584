"""Backups of a system at work, and what comes back out of them."""

import threading
from pathlib import Path

import httpx
import pytest

pytestmark = pytest.mark.docker

VERSIONS = "SELECT version, storage_location FROM model_versions ORDER BY version"
LOCATION = "mlflow-artifacts:/"


@pytest.fixture
def training(stack):
    """A training that runs meanwhile, and registers a version at its end."""
    outcome = []
    thread = threading.Thread(
        target=lambda: outcome.append(
            stack.trainer("train", "naive-bayes", "--data", "sample", check=False)
        )
    )
    thread.start()
    yield thread
    thread.join()
    assert outcome[0].returncode == 0, outcome[0].stderr


def versions_in(stack, backup):
    """Where each model version of a backup keeps its artifacts."""
    dump = (backup / "mlflow.dump").read_bytes()
    rows = stack.pipe(
        dump, *("exec", "-T", "postgres", "pg_restore", "--data-only", "--table", "model_versions"),
        "--file", "-",
    )  # fmt: skip
    return [
        field.removeprefix(LOCATION)
        for line in rows.decode().splitlines()
        for field in line.split("\t")
        if field.startswith(LOCATION)
    ]


def members_of(backup):
    import tarfile

    with tarfile.open(backup / "artifacts.tar") as archive:
        return set(archive.getnames())


def test_every_version_in_a_backup_has_its_artifacts(stack, clients, training, tmp_path):
    seen = set()
    for number in range(100):
        backup = tmp_path / str(number)
        ended = not training.is_alive()
        stack.run("tools/backup.sh", str(backup))
        found, members = versions_in(stack, backup), members_of(backup)
        seen.add(len(found))
        for location in found:
            assert f"artifacts/{location}/artifacts/bundle/manifest.json" in members
        if ended:
            break
    assert len(seen) == 2  # with and without the version that was being made


def test_a_backup_under_load_fills_an_empty_stack(stack, make_stack, clients, tmp_path):
    backup = tmp_path / "backup"
    acknowledged = set(clients.predictions), set(clients.verdicts)
    stack.run("tools/backup.sh", str(backup))
    expected = stack.sql("mlflow", VERSIONS)
    runs = stack.sql("mlflow", "SELECT run_uuid, status FROM runs ORDER BY run_uuid")

    other = make_stack(COMPOSE_FILE="docker-compose.yml")  # volumes as they are in use
    other.run("tools/restore.sh", str(backup))
    other.up("--no-build")

    assert acknowledged[0] <= set(other.sql("feedback", "SELECT id FROM predictions"))
    assert acknowledged[1] <= set(other.sql("feedback", "SELECT prediction_id FROM verdicts"))
    assert other.sql("mlflow", VERSIONS) == expected
    assert other.sql("mlflow", "SELECT run_uuid, status FROM runs ORDER BY run_uuid") == runs
    for line in expected:
        location = line.split("|")[1].removeprefix(LOCATION)
        manifest = httpx.get(
            f"{other.mlflow}/api/2.0/mlflow-artifacts/artifacts/{location}/artifacts/bundle/"
            "manifest.json",
            timeout=30,
        )
        assert manifest.json()["goldens"] is not None
    one = next(iter(acknowledged[0] - acknowledged[1] or acknowledged[0]))
    assert other.judge(one, "rejected")["prediction_id"] == one
    assert other.predict()["model_version"] == stack.predict()["model_version"]

    refused = other.run("tools/restore.sh", str(backup), check=False)
    assert refused.returncode == 1
    assert "this stack holds something" in refused.stderr
    assert other.predict()["label"]  # and goes on

    other.run("tools/restore.sh", str(backup), FORCE="yes")
    assert other.sql("mlflow", VERSIONS) == expected
    other.down()


@pytest.mark.parametrize("broken", ["feedback.dump", "mlflow.dump", "artifacts.tar"])
def test_a_damaged_backup_is_refused_before_anything_is_touched(stack, tmp_path, broken):
    backup = tmp_path / "backup"
    stack.run("tools/backup.sh", str(backup))
    file = backup / broken
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    done = stack.run("tools/restore.sh", str(backup), check=False, FORCE="yes")
    assert done.returncode == 1
    assert f"{broken}: FAILED" in done.stdout
    assert "is damaged" in done.stderr
    stack.predict()


def test_a_backup_that_fails_leaves_nothing(stack, tmp_path):
    folder = tmp_path / "backup"
    done = stack.run(
        "tools/backup.sh", str(folder), check=False, COMPOSE_PROJECT_NAME="radar-test-of-nothing"
    )
    assert done.returncode == 1
    assert "is the stack up?" in done.stderr
    assert list(Path(tmp_path).iterdir()) == []

"""What breaks, and what must not break with it. Nobody helps the system back on its feet."""

import os
import time

import httpx
import pytest

pytestmark = pytest.mark.docker

SERVICES = ("postgres", "mlflow", "inference", "frontend")
OUTAGE_SECONDS = float(os.environ.get("OUTAGE_SECONDS", "12"))
"""How long a service is away; a minute or more shows what a longer outage does."""


@pytest.fixture
def stopped(stack):
    """Stops services for a test."""
    away = []

    def stop(service):
        away.append(service)
        stack.compose("stop", service)

    yield stop
    if away:
        stack.compose("start", *away)
        stack.wait_until_healthy()


@pytest.mark.parametrize("service", SERVICES)
def test_killed_while_at_work_it_comes_back_and_nothing_is_lost(stack, clients, service):
    before = stack.inspect(service, "{{.State.StartedAt}}")
    stack.kill(service)
    deadline = time.monotonic() + 60
    while stack.inspect(service, "{{.State.StartedAt}}") == before:
        assert time.monotonic() < deadline, f"{service} was not restarted"
        time.sleep(0.2)
    stack.wait_until_healthy()
    clients.wait_for(5)
    clients.assert_kept()


def test_without_mlflow_predictions_go_on_and_the_api_even_restarts(stack, clients, stopped):
    stopped("mlflow")
    refused = clients.refused("predict")
    time.sleep(OUTAGE_SECONDS)
    clients.wait_for(5)
    assert clients.refused("predict") == refused

    stack.compose("restart", "inference")
    deadline = time.monotonic() + 60
    while not stack.is_healthy("inference"):
        assert time.monotonic() < deadline, "the API does not start from the model it kept"
        time.sleep(0.5)
    clients.wait_for(5)
    clients.assert_kept()


def test_without_postgres_predictions_go_on_and_the_api_even_restarts(stack, clients, stopped):
    refused = clients.refused("predict")
    before = stack.predict()
    stopped("postgres")
    time.sleep(OUTAGE_SECONDS)
    clients.wait_for(5)
    during = stack.predict()
    assert stack.judge(during["id"])["revision"] == 1
    queued = stack.judge(before["id"], "skipped", status=httpx.codes.ACCEPTED)
    assert (queued["queued"], queued["revision"]) == (True, None)
    assert clients.refused("predict") == refused
    assert stack.is_healthy("inference")

    stack.kill("inference")
    clients.wait_for(5)

    stack.compose("start", "postgres")
    stack.wait_until_healthy()
    clients.wait_for(5)
    clients.assert_kept()
    kept = "SELECT verdict, revision FROM verdicts WHERE prediction_id = '{}'"
    assert stack.sql("feedback", kept.format(during["id"])) == ["confirmed|1"]
    deadline = time.monotonic() + 30
    while not stack.sql("feedback", kept.format(before["id"])):
        assert time.monotonic() < deadline, "the queued verdict is not in the database"
        time.sleep(1)
    assert stack.sql("feedback", kept.format(before["id"])) == ["skipped|1"]
    again = stack.judge(before["id"], "skipped")
    assert (again["queued"], again["revision"]) == (False, 1)
    assert again["created_at"] == queued["created_at"]


def test_a_full_artifact_volume_fails_the_training_alone(stack, clients):
    champion = stack.predict()["model_version"]
    versions = "SELECT count(*) FROM model_versions"
    before = stack.sql("mlflow", versions)
    fill = "head -c 500M /dev/zero >/data/artifacts/filler; sync"
    refused = clients.refused("predict")
    stack.compose("exec", "-T", "mlflow", "sh", "-c", fill)
    try:
        failed = stack.trainer("train", "naive-bayes", "--data", "sample", check=False)
        assert failed.returncode == 1
        assert failed.stderr.splitlines()[-1].startswith("error: MLflow at ")
        assert stack.sql("mlflow", versions) == before
        assert stack.predict()["model_version"] == champion
        assert clients.refused("predict") == refused
    finally:
        stack.compose("exec", "-T", "mlflow", "rm", "/data/artifacts/filler")
    stack.trainer("train", "naive-bayes", "--data", "sample")
    assert int(stack.sql("mlflow", versions)[0]) == int(before[0]) + 1
    stack.wait_until_healthy()


def test_everything_restarts_at_once(stack, clients):
    champion = stack.predict()["model_version"]
    stack.compose("restart", *SERVICES)
    stack.wait_until_healthy()
    clients.wait_for(5)
    clients.assert_kept()
    assert stack.predict()["model_version"] == champion
    assert httpx.get(stack.page, timeout=30).status_code == httpx.codes.OK


def test_removed_and_made_anew_with_another_password_it_has_everything(stack):
    prediction = stack.predict()
    stack.compose("rm", "--stop", "--force", *SERVICES)
    stack.environment["FEEDBACK_DB_PASSWORD"] += "rotated"
    stack.up("--no-build")
    assert stack.judge(prediction["id"])["revision"] == 1
    assert stack.predict()["model_version"] == prediction["model_version"]

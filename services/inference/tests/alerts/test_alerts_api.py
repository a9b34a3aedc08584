"""Alerts over HTTP, on the command line, and what settings they refuse."""

import base64
import uuid

import pytest
from typer.testing import CliRunner

from inference.cli import app as cli
from inference.settings import SettingsError, read_settings

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()


class Api:
    def __init__(self, client):
        self.client = client

    def post(self, path, expected=200, **body):
        answer = self.client.post(path, json=body)
        assert answer.status_code == expected, answer.text
        return answer.json()

    def alerts(self, **query):
        answer = self.client.get("/v1/alerts", params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()["items"]

    def raise_alert(self, key="Air Paradis"):
        service = self.client.app.state.services.alerts
        return service.raise_alert("radar_surge", key, f"negatives of {key} surge", {"ratio": 2.5})


@pytest.fixture
def api(client):
    return Api(client)


def test_what_others_find_becomes_an_alert(api):
    opened = api.raise_alert()
    assert api.raise_alert() is None
    other = api.raise_alert("Air Elsewhere")
    found = {item["id"]: item for item in api.alerts()}
    assert set(found) == {str(opened), str(other)}
    alert = found[str(opened)]
    assert (alert["kind"], alert["key"], alert["state"]) == ("radar_surge", "Air Paradis", "open")
    assert alert["details"] == {"ratio": 2.5}


@pytest.mark.parametrize(
    ("kind", "key", "summary"),
    [("Radar", "k", "s"), ("radar", "", "s"), ("radar", "k", "two\nlines"), ("radar", "k", "")],
)
def test_an_alert_that_makes_no_sense_is_refused(api, kind, key, summary):
    with pytest.raises(ValueError, match="must"):
        api.client.app.state.services.alerts.raise_alert(kind, key, summary, {})


def test_an_alert_is_acknowledged_and_resolved_by_those_who_came_first(api):
    path = f"/v1/alerts/{api.raise_alert()}"
    taken = api.post(f"{path}/acknowledge", by="anna")
    assert (taken["state"], taken["acknowledged_by"]) == ("acknowledged", "anna")
    assert api.post(f"{path}/acknowledge", by="ben") == taken
    over = api.post(f"{path}/resolve", by="ben")
    assert (over["state"], over["resolved_by"]) == ("resolved", "ben")
    assert api.post(f"{path}/resolve") == over
    late = api.post(f"{path}/acknowledge", expected=409, by="zoe")
    assert late["type"] == "/problems/alert-resolved"
    assert api.alerts() == [over]
    assert api.alerts(unresolved=True) == []


def test_an_alert_that_is_not_there_cannot_be_handled(api):
    for what in ("acknowledge", "resolve"):
        problem = api.post(f"/v1/alerts/{uuid.uuid4()}/{what}", expected=404)
        assert problem["type"] == "/problems/unknown-alert"


def test_nobody_handles_an_alert_in_the_name_of_the_service(api, tmp_path):
    alert_id = api.raise_alert()
    for what in ("acknowledge", "resolve"):
        problem = api.post(f"/v1/alerts/{alert_id}/{what}", expected=422, by="system")
        assert problem["type"] == "/problems/invalid-request"
        assert "another pseudonym" in problem["detail"]
    runner = CliRunner(env={"DATABASE_URL": f"sqlite:///{tmp_path / 'store.db'}"})
    told = runner.invoke(cli, ["alerts", "resolve", str(alert_id), "--by", "system"])
    assert (told.exit_code, told.stderr.count("\n")) == (1, 1)
    (alert,) = api.alerts()
    assert alert["state"] == "open"


def test_keys_need_the_scope_of_feedback(serve_app, tmp_path, until):
    with serve_app(access="keys") as client:
        runner = CliRunner(env={"DATABASE_URL": f"sqlite:///{tmp_path / 'store.db'}"})
        made = {
            scope: runner.invoke(cli, ["keys", "create", scope, "--scope", scope]).stdout.strip()
            for scope in ("predict", "feedback")
        }

        def status(scope):
            headers = {"Authorization": f"Bearer {made[scope]}"}
            return client.get("/v1/alerts", headers=headers).status_code

        until(lambda: status("feedback") != 401, "the keys are known")
        assert (status("predict"), status("feedback")) == (403, 200)


def test_the_command_lists_and_handles_alerts(api, tmp_path):
    alert_id = str(api.raise_alert())
    runner = CliRunner(env={"DATABASE_URL": f"sqlite:///{tmp_path / 'store.db'}"})
    listed = runner.invoke(cli, ["alerts", "list"])
    assert listed.exit_code == 0
    assert alert_id in listed.stdout
    assert "radar_surge" in listed.stdout
    assert runner.invoke(cli, ["alerts", "acknowledge", alert_id, "--by", "anna"]).exit_code == 0
    assert runner.invoke(cli, ["alerts", "resolve", alert_id, "--by", "ben"]).exit_code == 0
    (alert,) = api.alerts()
    assert (alert["acknowledged_by"], alert["resolved_by"]) == ("anna", "ben")
    assert alert_id not in runner.invoke(cli, ["alerts", "list"]).stdout
    assert alert_id in runner.invoke(cli, ["alerts", "list", "--all"]).stdout
    late = runner.invoke(cli, ["alerts", "acknowledge", alert_id])
    assert (late.exit_code, late.stderr) == (1, "inference: the alert is resolved already\n")
    unknown = runner.invoke(cli, ["alerts", "resolve", str(uuid.uuid4())])
    assert unknown.stderr.startswith("inference: no alert has this id")


def test_the_command_sends_a_signed_test(hook):
    settings = {"ALERT_WEBHOOK_URL": hook.url, "ALERT_WEBHOOK_SECRET": SECRET}
    done = CliRunner(env=settings).invoke(cli, ["alerts", "test"])
    assert done.exit_code == 0, done.stderr
    ((_, headers, body),) = hook.requests
    assert headers["webhook-signature"].startswith("v1,")
    assert b'"kind":"test"' in body
    hook.answer = (500, b"")
    failed = CliRunner(env=settings).invoke(cli, ["alerts", "test"])
    assert (failed.exit_code, failed.stderr) == (1, "inference: ALERT_WEBHOOK_URL: answered 500\n")
    without = CliRunner(env={"ALERT_WEBHOOK_URL": ""}).invoke(cli, ["alerts", "test"])
    assert without.stderr.startswith("inference: ALERT_WEBHOOK_URL: names no address")


@pytest.mark.parametrize(
    ("variables", "reason"),
    [
        ({"URL": "http://a.example", "SECRET": SECRET}, "ALERT_WEBHOOK_URL: must begin with https"),
        ({"URL": "ftp://a.example", "SECRET": SECRET}, "ALERT_WEBHOOK_URL: must be an address"),
        ({"URL": "https://[", "SECRET": SECRET}, "ALERT_WEBHOOK_URL: must be an address"),
        ({"URL": "https://a.example"}, "ALERT_WEBHOOK_SECRET: must be whsec_"),
        ({"URL": "https://a.example", "SECRET": "whsec_!"}, "ALERT_WEBHOOK_SECRET: must be"),
        ({"URL": "https://a.example", "SECRET": "whsec_QUJD"}, "must have 24 to 64 bytes"),
    ],
)
def test_a_webhook_that_cannot_be_trusted_is_refused(monkeypatch, variables, reason):
    for name, value in variables.items():
        monkeypatch.setenv(f"ALERT_WEBHOOK_{name}", value)
    with pytest.raises(SettingsError) as refused:
        read_settings()
    assert reason in str(refused.value)
    assert "QUJD" not in str(refused.value)


def test_http_elsewhere_is_taken_when_told_so(monkeypatch):
    monkeypatch.setenv("ALERT_WEBHOOK_URL", "http://a.example/hook?token=zanzibar")
    monkeypatch.setenv("ALERT_WEBHOOK_SECRET", SECRET)
    monkeypatch.setenv("ALERT_WEBHOOK_ALLOW_HTTP", "true")
    settings = read_settings()
    assert "zanzibar" not in repr(settings)
    assert SECRET not in repr(settings)


def test_a_duration_that_is_not_counted_is_refused(monkeypatch):
    monkeypatch.setenv("ALERT_SLOW_SECONDS", "0.3")
    with pytest.raises(
        SettingsError, match=r"ALERT_SLOW_SECONDS: must be one of 0\.1, 0\.25, 0\.5"
    ):
        read_settings()

"""Reload and rollback over HTTP, and what the API says of the models."""

import pytest

from inference.app import create_app
from inference.settings import SettingsError

SOURCE = "models:/tweet-sentiment@champion"


@pytest.fixture
def serve_shelf(serve_app, shelf, monkeypatch):
    """The API over a registry of directories, at which it looks only when it is asked to."""
    monkeypatch.setattr("inference.app.MlflowRegistry", lambda _: shelf)

    def serve(**overrides):
        return serve_app(model_source=SOURCE, model_poll_seconds=3600, **overrides)

    return serve


def version_of(client):
    return client.post("/v1/predict", json={"text": "late"}).json()["model_version"]


def test_reload_and_rollback_change_what_answers_the_next_request(serve_shelf, shelf):
    with serve_shelf() as client:
        shelf.champion = "2"
        assert version_of(client) == "1"
        answer = client.post("/v1/model/reload")
        assert (answer.status_code, answer.json()["version"]) == (200, "2")
        assert answer.json()["previous_version"] == "1"
        assert version_of(client) == "2"
        answer = client.post("/v1/model/rollback")
        assert (answer.status_code, answer.json()["version"]) == (200, "1")
        assert version_of(client) == "1"
        following = {
            "state": "held",
            "last_error": None,
            "held": {"from_version": "2", "to_version": "1"},
        }
        assert client.get("/v1/model").json()["following"] == following
        assert "radar_model_held 1.0" in client.get("/metrics").text


def test_a_reload_that_fails_is_a_problem_and_changes_nothing(serve_shelf, shelf):
    with serve_shelf() as client:
        shelf.down = True
        answer = client.post("/v1/model/reload")
        assert answer.status_code == 502
        assert answer.json()["type"] == "/problems/model-not-reloaded"
        assert answer.json()["detail"] == "the shelf is down; version 1 goes on serving"
        assert version_of(client) == "1"
        assert "radar_model_failing 1.0" in client.get("/metrics").text


def test_a_reload_that_takes_long_is_said_and_goes_on(serve_shelf, shelf, monkeypatch, until):
    monkeypatch.setattr("inference.model.service.RELOAD_SECONDS", 0.0)
    with serve_shelf() as client:
        shelf.champion = "2"
        answer = client.post("/v1/model/reload")
        assert answer.status_code == 504
        assert answer.json()["type"] == "/problems/reload-unfinished"
        until(lambda: version_of(client) == "2", "it comes to its end")


def test_a_rollback_to_nothing_is_a_problem(client):
    answer = client.post("/v1/model/rollback")
    assert answer.status_code == 409
    assert answer.json()["type"] == "/problems/no-previous-model"
    assert client.get("/v1/model").json()["previous_version"] is None


@pytest.mark.parametrize("route", ["reload", "rollback"])
def test_only_admins_change_models(serve_app, route):
    with serve_app(access="keys") as client:
        assert client.post(f"/v1/model/{route}").status_code == 401
        schema = client.get("/openapi.json").json()
        assert "scope `admin`" in schema["paths"][f"/v1/model/{route}"]["post"]["description"]


def test_a_challenger_is_another_version_of_a_registered_model(make_settings, bundle_path):
    for source in (str(bundle_path), "models:/tweet-sentiment@challenger"):
        settings = make_settings(challenger_mode="shadow", model_source=source)
        with pytest.raises(SettingsError, match="CHALLENGER_MODE: must be off"):
            create_app(settings)

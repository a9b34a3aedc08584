"""Releases against a stand-in for `az` and a real HTTP server: where the traffic ends, always."""

import json
import logging
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from infra.release import cloud, rollout
from infra.release.cloud import Group, ReleaseError

OLD, NEW, OLDER = "inference--old", "inference--new", "inference--older"
CANARY = rollout.Canary(share=10, seconds=0.3)
ANSWERS = {
    "/livez": b"{}",
    "/readyz": b'{"status": "ready", "model_version": "3"}',
    "/_stcore/health": b"ok",
    "/": b"<!DOCTYPE html><html></html>",
}


class Web:
    """Answers for every host of the environment; one in `broken` answers 503.

    Without a key there is no prediction, except from a host in `careless`.
    """

    def __init__(self):
        self.broken = set()
        self.careless = set()
        self.asked = []
        web = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                _, name, path = self.path.split("/", 2)
                web.asked.append((name, f"/{path}"))
                body = ANSWERS.get(f"/{path}")
                status = 200 if body else 404
                if path == "v1/predict":
                    status = 200 if name in web.careless else 401
                self.send_response(503 if name in web.broken else status)
                self.end_headers()
                self.wfile.write(body or b"")

            def do_POST(self):
                self.rfile.read(int(self.headers["Content-Length"]))
                self.do_GET()

            def log_message(self, *arguments):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def address(self, host):
        name = host.removesuffix(".example.test")
        assert name != host
        return f"http://127.0.0.1:{self.server.server_port}/{name}"


@pytest.fixture
def web():
    web = Web()
    yield web
    web.server.shutdown()
    web.server.server_close()


@pytest.fixture
def azure(tmp_path, monkeypatch):
    """A stand-in for `az` on the PATH; gives what it knows, and keeps what is changed."""
    az = tmp_path / "bin" / "az"
    az.parent.mkdir()
    script = Path(__file__).with_name("fake_az.py")
    az.write_text(f'#!/bin/sh\nexec {sys.executable} -SE {script} "$@"\n')
    az.chmod(0o755)
    state = tmp_path / "state.json"
    monkeypatch.setenv("PATH", f"{az.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("FAKE_AZ_STATE", str(state))

    class Azure:
        def read(self):
            return json.loads(state.read_text())

        def change(self, **changes):
            state.write_text(json.dumps(self.read() | changes))

    traffic = [
        {"revisionName": OLD, "label": "blue", "weight": 100},
        {"revisionName": NEW, "label": "green", "weight": 0},
    ]
    revisions = {name: {"active": True} for name in (OLDER, OLD, NEW)}
    apps = {
        "inference": {"traffic": traffic, "revisions": revisions},
        "frontend": {"image": "r.example.test/frontend@sha256:abc", "revisions": {}},
    }
    jobs = {"migrate": ["Running", "Succeeded"], "trainer": ["Running", "Failed"]}
    requests = {"2xx": 200, "5xx": 0}
    state.write_text(
        json.dumps({"apps": apps, "jobs": jobs, "requests": requests, "traffic": [], "log": []})
    )
    return Azure()


@pytest.fixture
def group():
    return Group("rg", pause=0.02)


def _active(azure):
    revisions = azure.read()["apps"]["inference"]["revisions"]
    return {name for name, body in revisions.items() if body["active"]}


def _release(group, web):
    rollout.roll_out(group, CANARY, OLD, web.address)


def test_a_good_revision_is_tested_then_shared_then_given_everything(azure, group, web):
    _release(group, web)
    assert azure.read()["traffic"] == [{"blue": 90, "green": 10}, {"blue": 0, "green": 100}]
    assert web.asked[:3] == [
        ("inference---green", path) for path in ("/livez", "/readyz", "/v1/predict")
    ]
    assert web.asked[-1] == ("inference", "/v1/predict")
    assert _active(azure) == {OLD, NEW}  # the one before stays warm, the oldest does not


def test_a_first_revision_has_nothing_to_share_with(azure, group, web):
    apps = azure.read()["apps"]
    apps["inference"]["traffic"] = [{"revisionName": NEW, "label": "blue", "weight": 100}]
    azure.change(apps=apps)
    rollout.roll_out(group, CANARY, "", web.address)
    assert azure.read()["traffic"] == []
    web.broken = {"inference---blue"}
    with pytest.raises(ReleaseError, match="livez answers 503"):
        rollout.roll_out(group, CANARY, "", web.address)


def test_a_revision_that_fails_its_smoke_test_gets_no_traffic(azure, group, web):
    web.broken = {"inference---green"}
    with pytest.raises(
        ReleaseError, match=r"livez answers 503 in place of 200; all traffic is on inference--old"
    ):
        _release(group, web)
    assert azure.read()["traffic"] == [{"blue": 100, "green": 0}]
    assert NEW not in _active(azure)


def test_a_revision_that_serves_strangers_gets_no_traffic(azure, group, web):
    web.careless = {"inference---green"}
    with pytest.raises(ReleaseError, match="predict answers 200 in place of 401"):
        _release(group, web)
    assert azure.read()["traffic"] == [{"blue": 100, "green": 0}]


def test_a_revision_that_fails_in_its_canary_loses_its_share(azure, group, web, monkeypatch):
    set_traffic = Group.set_traffic

    def break_then_share(self, app, weights):
        set_traffic(self, app, weights)
        if weights["green"] == 10:
            web.broken = {"inference---green"}

    monkeypatch.setattr(Group, "set_traffic", break_then_share)
    with pytest.raises(ReleaseError, match="all traffic is on inference--old again"):
        _release(group, web)
    assert azure.read()["traffic"] == [{"blue": 90, "green": 10}, {"blue": 100, "green": 0}]


def test_a_revision_with_too_many_server_errors_loses_its_share(azure, group, web):
    azure.change(requests={"2xx": 197, "5xx": 3})
    with pytest.raises(ReleaseError, match="3 of 200 requests with 5xx"):
        _release(group, web)
    assert azure.read()["traffic"][-1] == {"blue": 100, "green": 0}


def test_a_revision_that_breaks_the_public_address_is_taken_back(azure, group, web):
    web.broken = {"inference"}
    with pytest.raises(ReleaseError):
        _release(group, web)
    assert azure.read()["traffic"][-2:] == [{"blue": 0, "green": 100}, {"blue": 100, "green": 0}]


@pytest.mark.parametrize(
    "state", [{"health": "Unhealthy"}, {"health": "None", "provisioning": "Failed"}]
)
def test_a_revision_that_never_gets_healthy_gets_no_traffic(azure, group, web, monkeypatch, state):
    apps = azure.read()["apps"]
    apps["inference"]["revisions"][NEW] |= state
    azure.change(apps=apps)
    wait = Group.wait_until_healthy
    monkeypatch.setattr(Group, "wait_until_healthy", lambda *a: wait(*a, seconds=0.1))
    with pytest.raises(ReleaseError, match=r"not healthy|could not be provisioned"):
        _release(group, web)
    assert azure.read()["traffic"] == [{"blue": 100, "green": 0}]


def test_an_interrupt_leaves_no_traffic_divided(azure, group, web, monkeypatch):
    def interrupt(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(Group, "requests", interrupt)
    with pytest.raises(KeyboardInterrupt):
        _release(group, web)
    assert azure.read()["traffic"][-1] == {"blue": 100, "green": 0}


def test_a_revision_that_cannot_be_stopped_does_not_hide_why(
    azure, group, web, monkeypatch, caplog
):
    def refuse(*arguments, **options):
        raise ReleaseError("refused")

    monkeypatch.setattr(Group, "set_active", refuse)
    web.broken = {"inference---green"}
    with caplog.at_level(logging.WARNING), pytest.raises(ReleaseError, match="livez answers 503"):
        _release(group, web)
    assert "inference--new still runs: refused" in caplog.text


def test_rolling_back_starts_tests_and_then_moves(azure, group, web):
    apps = azure.read()["apps"]
    apps["inference"]["traffic"][0]["weight"], apps["inference"]["traffic"][1]["weight"] = 0, 100
    apps["inference"]["revisions"][OLD]["active"] = False
    azure.change(apps=apps)
    web.broken = {"inference---blue"}
    with pytest.raises(ReleaseError):
        rollout.roll_back(group, web.address)
    assert azure.read()["traffic"] == []  # what serves goes on serving
    web.broken = set()
    rollout.roll_back(group, web.address)
    assert azure.read()["traffic"] == [{"green": 0, "blue": 100}]


def test_rolling_back_needs_something_to_go_back_to(azure, group, web):
    apps = azure.read()["apps"]
    del apps["inference"]["traffic"][1]
    azure.change(apps=apps)
    with pytest.raises(ReleaseError, match="no revision of inference is labelled green"):
        rollout.roll_back(group, web.address)
    azure.change(apps={})
    with pytest.raises(ReleaseError, match="not deployed"):
        rollout.roll_back(group, web.address)


def test_a_page_that_does_not_work_fails(azure, group, web):
    rollout.check_page_now(group, web.address)
    web.broken = {"frontend"}
    with pytest.raises(ReleaseError, match="_stcore/health answers 503"):
        rollout.check_page_now(group, web.address)


def test_a_job_is_waited_for(azure, group):
    group.run_job("migrate", seconds=5)
    with pytest.raises(ReleaseError, match="trainer-1 has failed"):
        group.run_job("trainer", seconds=5)
    azure.change(jobs={"migrate": ["Running"]})
    with pytest.raises(ReleaseError, match="has not ended after 0 s"):
        group.run_job("migrate", seconds=0)


def test_an_error_of_az_is_one_line(azure):
    with pytest.raises(ReleaseError, match=r"^az group delete --yes: ERROR: .* does not know"):
        cloud.az("group", "delete", "--yes")


def _command(repository, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "infra.release", "--resource-group", "rg", *arguments],
        cwd=repository,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_state_is_what_the_workflow_passes_on(azure, repository):
    assert _command(repository, "state").stdout.splitlines() == [
        f"STABLE_REVISION={OLD}",
        "STABLE_LABEL=blue",
        "PREVIOUS_FRONTEND_DIGEST=sha256:abc",
    ]
    azure.change(apps={})
    assert _command(repository, "state").stdout.splitlines() == [
        "STABLE_REVISION=",
        "STABLE_LABEL=green",
        "PREVIOUS_FRONTEND_DIGEST=",
    ]


def test_the_command_line_fails_in_one_line(azure, repository):
    assert _command(repository, "restore", "--previous", OLD).returncode == 0
    assert azure.read()["traffic"] == [{"blue": 100, "green": 0}]
    done = _command(repository, "restore", "--previous", "inference--gone")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "release: inference--gone has no label: its traffic cannot be given back\n"
    )

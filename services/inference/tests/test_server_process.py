"""`inference serve` as a process of its own: killed, ended, doubled, misused."""

import json
import signal
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from sqlalchemy import select

from inference.store.tables import PREDICTIONS, VERDICTS

TEXT = "lovely crew zanzibar"


def post(server, path: str, body: dict) -> httpx.Response:
    return httpx.post(f"{server.url}{path}", json=body, trust_env=False, timeout=30)


def test_two_processes_share_a_store_and_a_kill_loses_nothing(
    start_server, wait_ready, store_url, rows
):
    servers = [
        start_server("--migrate", ready=False, DATABASE_URL=store_url, STORE_TEXT="none")
        for _ in range(2)
    ]
    for server in servers:
        wait_ready(server)
    judged = post(servers[0], "/v1/predict", {"text": TEXT}).json()["id"]
    verdict = {"prediction_id": judged, "verdict": "rejected", "corrected_label": "neutral"}
    with ThreadPoolExecutor(16) as pool:
        clicks = list(pool.map(lambda n: post(servers[n % 2], "/v1/feedback", verdict), range(32)))
    assert {click.status_code for click in clicks} == {200}
    assert {click.json()["revision"] for click in clicks} == {1}
    unjudged = post(servers[1], "/v1/predict", {"text": TEXT}).json()["id"]
    for server in servers:
        server.kill()

    again = start_server(DATABASE_URL=store_url)
    assert post(again, "/v1/feedback", verdict).json()["revision"] == 1
    late = {"prediction_id": unjudged, "verdict": "confirmed", "text": TEXT, "consent": True}
    answer = post(again, "/v1/feedback", late)
    assert (answer.status_code, answer.json()["revision"]) == (200, 1)
    assert answer.json()["text_kept"] is True
    again.kill()
    with rows.connect() as connection:
        kept = connection.execute(select(VERDICTS.c.prediction_id, VERDICTS.c.verdict)).all()
    assert {(str(row.prediction_id), row.verdict) for row in kept} == {
        (judged, "rejected"),
        (unjudged, "confirmed"),
    }
    for server in (*servers, again):
        assert "zanzibar" not in server.log.read_text()


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_sigterm_answers_what_is_in_flight_and_keeps_what_it_answered(
    start_server, store_url, rows, until
):
    server = start_server(DATABASE_URL=store_url)
    answered: list[str] = []
    failed: list[str] = []
    ending = threading.Event()

    def ask() -> None:
        with httpx.Client(trust_env=False, timeout=30) as client:
            while True:
                try:
                    answer = client.post(f"{server.url}/v1/predict", json={"text": TEXT})
                except httpx.TransportError as error:
                    if not ending.is_set():
                        failed.append(repr(error))
                    return
                if answer.status_code == 200:
                    answered.append(answer.json()["id"])
                else:
                    failed.append(answer.text)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    until(lambda: len(answered) >= 100, "requests are answered")
    ending.set()
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(30) == 0
    for thread in threads:
        thread.join()
    assert failed == []
    with rows.connect() as connection:
        kept = {str(row.id) for row in connection.execute(select(PREDICTIONS.c.id))}
    assert set(answered) <= kept


def test_every_log_line_is_json_and_carries_the_requests_id(start_server, until):
    server = start_server()
    headers = {"X-Request-Id": "client-7"}
    answer = httpx.post(
        f"{server.url}/v1/predict?q=zanzibar", json={"text": TEXT}, headers=headers, trust_env=False
    )
    assert answer.headers["X-Request-Id"] == "client-7"
    forged = httpx.get(
        f"{server.url}/zanzibar", headers={"X-Request-Id": "zanzibar is nice"}, trust_env=False
    )
    made = forged.headers["X-Request-Id"]
    assert made != "zanzibar is nice"

    def requests() -> dict[str, dict[str, object]]:
        return {
            str(line["request_id"]): line for line in server.lines() if line["message"] == "request"
        }

    # A request is logged once its answer has left, so the client may be ahead of the log.
    until(lambda: {"client-7", made} <= requests().keys(), "both requests are logged")
    logged = requests()
    assert logged["client-7"]["route"] == "/v1/predict"
    assert logged["client-7"]["status"] == 200
    assert logged[made]["route"] == "none"
    assert "zanzibar" not in server.log.read_text()


def command(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "inference", *arguments],
        env=settings,
        capture_output=True,
        text=True,
        timeout=60,
    )


def one_line(result: subprocess.CompletedProcess[str]) -> str:
    assert result.returncode == 1
    (line,) = result.stderr.splitlines()
    return line


def test_misuse_is_one_line(tmp_path):
    data = {"DATA_DIR": str(tmp_path)}
    wrong = command("serve", STORE_TEXT="some", **data)
    assert one_line(wrong).startswith("inference: STORE_TEXT: ")
    secret = command("serve", ENVIRONMENT="production", **data)
    assert "TEXT_HMAC_KEY" in one_line(secret)
    source = command("serve", "--port", "0", MODEL_SOURCE="models:/tweets", **data)
    assert "MODEL_SOURCE" in one_line(source)
    (tmp_path / "file").touch()
    folder = command("serve", "--port", "0", DATA_DIR=str(tmp_path / "file" / "data"))
    assert "DATA_DIR" in one_line(folder)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        line = one_line(command("serve", "--port", str(port), **data))
        assert line.endswith(f"port {port}: Address already in use")
    closed = command("migrate", DATABASE_URL="postgresql://u:zanzibar@127.0.0.1:9/x", **data)
    assert "Connection refused" in one_line(closed)
    assert "zanzibar" not in closed.stderr


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_migrate_can_be_repeated(store_url, rows):
    for _ in range(2):
        result = command("migrate", DATABASE_URL=store_url)
        assert result.returncode == 0, result.stderr
    with rows.connect() as connection:
        assert connection.execute(select(PREDICTIONS)).all() == []


def test_help_imports_no_server():
    code = (
        "import sys, inference.cli; "
        "print(sorted({'fastapi', 'sqlalchemy', 'uvicorn', 'pydantic'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert json.loads(result.stdout) == [], result.stderr

import json
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from mlflow_server.health import SEARCH, UnhealthyError, check

COMMAND = str(Path(sys.executable).parent / "mlflow-server")


@pytest.fixture
def answering():
    """A function that starts a server which gives one answer to every request."""
    servers = []

    def start(status, body):
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                self.server.asked = self.path
                self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(status)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        servers.append(server)
        return server, f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def test_an_experiment_means_health(answering):
    server, url = answering(200, json.dumps({"experiments": [{"experiment_id": "0"}]}).encode())
    check(url)
    assert server.asked == SEARCH


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (403, b"Invalid Host header", "answers 403: Invalid Host header"),
        (500, b"", "answers 500"),
        (200, b"<html>", "does not answer"),
        (200, b"{}", "knows no experiment"),
    ],
)
def test_anything_else_is_unhealthy(answering, status, body, reason):
    _, url = answering(status, body)
    with pytest.raises(UnhealthyError, match=reason):
        check(url)


def test_the_command_says_in_one_line_that_nothing_listens(free_port):
    port = str(free_port())
    result = subprocess.run(
        [COMMAND, "check"], env={"MLFLOW_PORT": port}, capture_output=True, text=True
    )
    assert result.returncode == 1
    assert result.stderr.startswith(f"mlflow-server: http://127.0.0.1:{port} does not answer")
    assert result.stderr.count("\n") == 1


def test_the_command_asks_the_address_that_it_is_given(answering):
    _, url = answering(403, b"Invalid Host header")
    result = subprocess.run([COMMAND, "check", "--address", url], capture_output=True, text=True)
    assert result.returncode == 1
    assert result.stderr == f"mlflow-server: {url} answers 403: Invalid Host header\n"


def test_a_wrong_setting_is_one_line():
    result = subprocess.run([COMMAND], env={"MLFLOW_PORT": "x"}, capture_output=True, text=True)
    assert result.returncode == 1
    assert result.stderr == "mlflow-server: MLFLOW_PORT is 'x': give a number from 1 to 65535\n"

"""The API as a process, the command `radar` as another, and servers that misbehave as told."""

import importlib.util
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RADAR = str(Path(sys.executable).with_name("radar"))

_spec = importlib.util.spec_from_file_location(
    "inference_fixtures", ROOT / "services/inference/tests/conftest.py"
)
_fixtures = importlib.util.module_from_spec(_spec)
sys.modules[_spec.name] = _fixtures
_spec.loader.exec_module(_fixtures)

start_server = _fixtures.start_server
wait_ready = _fixtures.wait_ready
until = _fixtures.until
free_port = pytest.fixture(lambda: _fixtures.free_port)
bundle_path = _fixtures.bundle_path
make_bundle = _fixtures.make_bundle


@pytest.fixture(autouse=True)
def no_inherited_target(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RADAR_URL", "RADAR_API_KEY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory, bundle_path: Path) -> Iterator[str]:
    """The address of an API that no test changes, and that draws all predictions for audits."""
    folder = tmp_path_factory.mktemp("api")
    port = _fixtures.free_port()
    log = folder / "api.log"
    environment = os.environ | {
        "DATA_DIR": str(folder / "data"),
        "MODEL_SOURCE": str(bundle_path),
        "LOG_LEVEL": "WARNING",
        "AUDIT_SHARE": "1",
    }
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "inference", "serve", "--port", str(port)],
            env=environment,
            stdout=file,
            stderr=file,
        )
    server = _fixtures.Server(process, f"http://127.0.0.1:{port}", log)
    try:
        _fixtures.wait_until(lambda: _fixtures._answers(server), f"the API is ready; see {log}")
        yield server.url
    finally:
        server.kill()


@dataclass
class Answer:
    """What a scripted server answers to one request; `status` 0 closes the connection.

    `body` is bytes, something for JSON, or a function that makes either of the request's content.
    """

    status: int
    body: object = None
    headers: dict[str, str] = field(default_factory=dict)
    media_type: str = "application/json"
    delay: float = 0.0


@dataclass
class Scripted:
    """A server with an answer for each request, the last one for all that follow."""

    url: str
    script: list[Answer]
    requests: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    times: list[float] = field(default_factory=list)


def problem(status: int, name: str, **headers: str) -> Answer:
    body = {"type": f"/problems/{name}", "title": "No", "status": status, "detail": f"for {name}"}
    named = {key.replace("_", "-"): value for key, value in headers.items()}
    return Answer(status, body, named, "application/problem+json")


@pytest.fixture(scope="session")
def refusal() -> Callable[..., Answer]:
    return problem


@pytest.fixture(scope="session")
def answer() -> type[Answer]:
    return Answer


@pytest.fixture
def scripted() -> Iterator[Callable[..., Scripted]]:
    """Starts servers that answer as told, over real connections."""
    servers = []

    def start(*script: Answer) -> Scripted:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _answer(self) -> None:
                content = self.rfile.read(int(self.headers.get("content-length", 0)))
                told = made.script[min(len(made.requests), len(made.script) - 1)]
                made.times.append(time.monotonic())
                headers = {name.lower(): value for name, value in self.headers.items()}
                made.requests.append((self.path, headers, content))
                time.sleep(told.delay)
                if not told.status:
                    self.close_connection = True
                    return
                body = told.body(content) if callable(told.body) else told.body
                body = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response_only(told.status)  # without a Date of its own
                self.send_header("Content-Type", told.media_type)
                self.send_header("Content-Length", str(len(body)))
                for name, value in told.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self) -> None:
                self._answer()

            def do_POST(self) -> None:
                self._answer()

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.handle_error = lambda *_: None  # a client that did not wait for its answer
        servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        made = Scripted(f"http://127.0.0.1:{server.server_port}", list(script))
        return made

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def radar(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[bytes]]:
    """Runs the command `radar predict` as a user would."""

    def run(*arguments: object, url: str, given: bytes = b"", **environment: str) -> object:
        return subprocess.run(
            [RADAR, "predict", *map(str, arguments)],
            input=given,
            capture_output=True,
            cwd=tmp_path,
            env=os.environ | {"RADAR_URL": url} | environment,
            timeout=120,
        )

    return run

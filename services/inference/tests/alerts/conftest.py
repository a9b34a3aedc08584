"""Receivers on this machine, of Application Insights and of webhooks; verdicts as rows."""

import gzip
import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from sqlalchemy import insert
from sqlalchemy.engine import make_url

from inference.problems import ServiceError
from inference.store import migrate
from inference.store.engine import make_engine
from inference.store.store import Store
from inference.store.tables import PREDICTIONS, VERDICTS
from inference.telemetry import sinks


class Receiver:
    """An HTTP server that keeps what is posted to it, and answers as it is told to."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.answer: tuple[int, bytes] = (200, b"{}")
        self.delay = 0.0
        self.port = 0
        self._server: ThreadingHTTPServer | None = None
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                time.sleep(receiver.delay)
                status, answer = receiver.reply(self.path, body)
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver.requests.append((self.path, headers, body))
                try:
                    self.send_response(status)
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", str(len(answer)))
                    self.end_headers()
                    self.wfile.write(answer)
                except OSError:
                    pass  # the client did not wait that long

            def log_message(self, *_: object) -> None:
                """Keep the tests' output free of it."""

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        """Refuse connections from now on."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def reply(self, path: str, body: bytes) -> tuple[int, bytes]:
        return self.answer


class Insights(Receiver):
    """The ingestion endpoint of Application Insights."""

    def __init__(self) -> None:
        super().__init__()
        self.key = str(uuid.uuid4())
        self.taken: list[dict] = []
        self.accepting = True

    @property
    def connection_string(self) -> str:
        return f"InstrumentationKey={self.key};IngestionEndpoint={self.url}"

    def reply(self, path: str, body: bytes) -> tuple[int, bytes]:
        if not self.accepting:
            return self.answer
        envelopes = json.loads(body)
        self.taken += envelopes
        count = len(envelopes)
        accepted = {"itemsReceived": count, "itemsAccepted": count, "errors": []}
        return 200, json.dumps(accepted).encode()

    def refuse(self, status: int, answer: bytes = b"") -> None:
        self.answer = (status, answer)
        self.accepting = False

    def accept(self) -> None:
        self.accepting = True
        self.delay = 0.0

    def events(self, name: str | None = None) -> list[dict]:
        """The custom events that were taken."""
        return [event for event in self.found("EventData") if name in (None, event["name"])]

    def found(self, kind: str) -> list[dict]:
        """What was taken of a kind: EventData, RequestData for spans of requests."""
        items = [item["data"] for item in self.taken if item["iKey"] == self.key]
        return [data["baseData"] for data in items if data["baseType"] == kind]


@pytest.fixture(params=["opentelemetry", "opencensus"])
def backend(request: pytest.FixtureRequest) -> str:
    """Either way to Application Insights."""
    return str(request.param)


@pytest.fixture
def insights() -> Iterator[Insights]:
    receiver = Insights()
    yield receiver
    receiver.stop()


@pytest.fixture
def hook() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.stop()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Makes senders retry within a second, where a person would wait for minutes."""

    def shorten() -> None:
        monkeypatch.setattr(sinks, "BATCH_SECONDS", 0.1)
        monkeypatch.setattr(sinks, "RETRY_SECONDS", 0.3)
        monkeypatch.setattr(sinks, "DRAIN_SECONDS", 0.3)
        monkeypatch.setattr(sinks, "TIMEOUT_SECONDS", 0.5)

    shorten()
    return shorten


@pytest.fixture
def engine(store_url):
    engine = make_engine(make_url(store_url))
    migrate.upgrade(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def store(store_url: str, until: Callable[..., None]) -> Iterator[Store]:
    """The store as the service has it, open."""
    store = Store(make_url(store_url), migrate=True)
    store.open()

    def answers() -> bool:
        try:
            store.check()
        except ServiceError:
            return False
        return True

    until(answers, "the store is open")
    yield store
    store.close()


@pytest.fixture
def predicted(engine):
    """Keeps a prediction, and verdicts on it: pairs of a verdict and the time it was given."""

    def keep(*verdicts):
        made = {
            "id": uuid.uuid4(),
            "created_at": datetime.now(UTC),
            "text_hmac": "0" * 64,
            "model_name": "m",
            "model_version": "1",
            "label": "positive",
            "probabilities": {"negative": 0.25, "positive": 0.75},
            "uncertain": False,
            "truncated": False,
            "token_count": 3,
            "audit": False,
        }
        with engine.begin() as connection:
            connection.execute(insert(PREDICTIONS).values(made))
            for revision, (verdict, at) in enumerate(verdicts, start=1):
                row = {"prediction_id": made["id"], "revision": revision, "verdict": verdict}
                connection.execute(insert(VERDICTS).values(row | {"created_at": at}))
        return made["id"]

    return keep

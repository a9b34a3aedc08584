"""A small real HTTP server that keeps the API's contract, and can be made to break it."""

import json
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import streamlit

from frontend.api import ApiClient

PROBLEM = "application/problem+json"


@dataclass
class Answer:
    """What the server says instead of its own answer."""

    status: int = 200
    body: bytes = b"{}"
    media_type: str = "application/json"
    delay: float = 0.0
    location: str = ""

    @classmethod
    def problem(cls, status: int, name: str, detail: str) -> "Answer":
        document = {
            "type": f"/problems/{name}", "title": "A title", "status": status, "detail": detail
        }  # fmt: skip
        return cls(status, json.dumps(document).encode(), PROBLEM)

    @classmethod
    def queued(cls, **changes: Any) -> "Answer":
        document = {
            "prediction_id": "p", "verdict": "confirmed", "corrected_label": None, "revision": None,
            "created_at": "2026-03-02T10:00:00Z", "text_kept": None, "queued": True,
            "unchecked": ["prediction_id"],
        }  # fmt: skip
        return cls(202, json.dumps(document | changes).encode())


@dataclass
class StandInApi:
    """Predicts by a word list, keeps verdicts in memory; stops and starts on one port."""

    port: int
    calls: list[tuple[str, Any]] = field(default_factory=list)
    authorizations: list[str | None] = field(default_factory=list)
    answers: dict[str, Answer] = field(default_factory=dict)
    verdicts: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    prediction: dict[str, Any] = field(default_factory=dict)
    demonstration: bool = False
    _server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def bodies(self, path: str) -> list[Any]:
        """The bodies sent to a path, in order."""
        return [body for called, body in self.calls if called == path]

    def start(self) -> None:
        api = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                pass

            def do_GET(self) -> None:
                api.calls.append((self.path, None))
                api.authorizations.append(self.headers["Authorization"])
                self._send(api.answers.get(self.path) or api.own_answer(self.path, None))

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                api.calls.append((self.path, body))
                api.authorizations.append(self.headers["Authorization"])
                self._send(api.answers.get(self.path) or api.own_answer(self.path, body))

            def _send(self, answer: Answer) -> None:
                time.sleep(answer.delay)
                try:
                    self.send_response(answer.status)
                    self.send_header("Content-Type", answer.media_type)
                    if answer.location:
                        self.send_header("Location", answer.location)
                    self.send_header("Content-Length", str(len(answer.body)))
                    self.end_headers()
                    self.wfile.write(answer.body)
                except OSError:
                    pass  # the client went away, as those that time out do

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def own_answer(self, path: str, body: Any) -> Answer:
        answer = {
            "/v1/model": self._model,
            "/v1/predict": self._predict,
            "/v1/feedback": self._feedback,
        }[path](body)
        return Answer(body=json.dumps(answer).encode())

    def _model(self, _: Any) -> dict[str, Any]:
        return {
            "name": "tweet-sentiment",
            "version": "7",
            "recipe": "logistic-regression",
            "labels": ["negative", "neutral", "positive"],
            "languages": ["en", "fr"],
            "demonstration": self.demonstration,
            "metrics": {"accuracy": 0.8},
        }

    def _predict(self, body: Any) -> dict[str, Any]:
        positive = any(word in body["text"].lower() for word in ("thank", "merci", "love"))
        shares = {"negative": 0.08, "neutral": 0.12, "positive": 0.8}
        if not positive:
            shares = {"negative": 0.8, "neutral": 0.12, "positive": 0.08}
        return {
            "id": str(uuid.uuid4()),
            "label": max(shares, key=lambda label: shares[label]),
            "probabilities": shares,
            "uncertain": False,
            "truncated": False,
            "token_count": 9,
            "model_name": "tweet-sentiment",
            "model_version": "7",
            "demonstration": self.demonstration,
        } | self.prediction

    def _feedback(self, body: Any) -> dict[str, Any]:
        said = {"verdict": body["verdict"], "corrected_label": body.get("corrected_label")}
        history = self.verdicts.setdefault(body["prediction_id"], [])
        if not history or history[-1] != said:
            history.append(said)
        return said | {
            "prediction_id": body["prediction_id"],
            "revision": len(history),
            "created_at": "2026-03-02T10:00:00Z",
            "text_kept": bool(body.get("consent")) and "text" in body,
        }


@pytest.fixture
def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture
def stand_in(free_port: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandInApi]:
    """The stand-in API, running; `API_URL` names it, and the page's outbox is empty."""
    server = StandInApi(free_port)
    server.start()
    monkeypatch.setenv("API_URL", server.url)
    streamlit.cache_resource.clear()
    yield server
    server.stop()


@pytest.fixture
def client(stand_in: StandInApi) -> ApiClient:
    return ApiClient(stand_in.url, answer_seconds=0.4)


@pytest.fixture
def make_answer() -> type[Answer]:
    return Answer

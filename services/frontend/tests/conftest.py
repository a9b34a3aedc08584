"""A small real HTTP server that keeps the API's contract, and can be made to break it."""

import json
import re
import socket
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from typing import Any
from urllib.parse import parse_qsl

import pytest
import streamlit
from streamlit.testing.v1 import AppTest

from frontend import views
from frontend.api.client import ApiClient

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
    predicted: int = 180
    judged: int = 117
    skipped: int = 0
    skips: set[tuple[str, str | None]] = field(default_factory=set)
    alerts: list[dict[str, Any]] = field(default_factory=list)
    radar: dict[str, Any] = field(default_factory=dict)
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
                path, _, query = self.path.partition("?")
                asked = dict(parse_qsl(query, keep_blank_values=True)) or None
                api.calls.append((path, asked))
                api.authorizations.append(self.headers["Authorization"])
                self._send(api.answers.get(path) or api.own_answer(path, asked))

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
        if found := re.fullmatch("/v1/alerts/(.+)/(.+)", path):
            return self._handle_alert(*found.groups(), body.get("by"))
        answer = {
            "/v1/radar": self._radar,
            "/v1/alerts": self._alerts,
            "/v1/quality": self._quality,
            "/v1/drift": self._drift,
            "/v1/audit": self._audit,
            "/v1/model": self._model,
            "/v1/predict": self._predict,
            "/v1/predict/batch": self._predict_batch,
            "/v1/explain": self._explain,
            "/v1/feedback": self._feedback,
        }[path](body)
        return Answer(body=json.dumps(answer).encode())

    def _radar(self, _: Any) -> dict[str, Any]:
        """What `radar` says; without it, the answer of an API without mentions."""
        return {
            "airline": None, "airlines": [], "bucket_seconds": 300, "from": None, "to": None,
            "band": 0.95, "false_alarms_per_day": 0.2, "points": [], "episodes": [], "bursts": [],
        } | self.radar  # fmt: skip

    def _quality(self, _: Any) -> dict[str, Any]:
        nobody = {"value": None, "low": None, "high": None, "total": 0}
        rate = {"value": 0.85, "low": 0.78, "high": 0.91, "total": self.judged}
        said = rate if self.judged else nobody

        def judged(accuracy: dict[str, Any], skipped: int = 0) -> dict[str, Any]:
            low, high = (0.25, 0.75) if skipped else (accuracy["value"], accuracy["value"])
            bounds = {"if_skipped_were_wrong": low, "if_skipped_were_right": high}
            return {"accuracy": accuracy, "skipped": skipped} | bounds

        def piece(name: str) -> dict[str, Any]:
            return {
                "name": name, "predictions": self.predicted, "marked": 0, "expected": rate,
                "audits": judged(nobody, self.skipped), "volunteered": judged(said),
            }  # fmt: skip

        labels = [{"label": "negative", "precision": rate, "recall": nobody}]
        confusion = [{"predicted": "negative", "actual": None, "count": 4}]
        return {
            "from": "2026-03-01T10:00:00Z", "to": "2026-03-08T10:00:00Z", "total": piece("all"),
            "versions": [piece("m/7")], "languages": [piece("")], "days": [piece("2026-03-08")],
            "audits": {"labels": [], "confusion": []},
            "volunteered": {"labels": labels, "confusion": confusion},
            "latency": {"requests": 3, "p50": 0.01, "p95": 0.02, "p99": 0.03},
        }  # fmt: skip

    def _drift(self, _: Any) -> dict[str, Any]:
        window = {"texts": 7, "needed": 100}
        return {"state": "too-few", "reference": window, "current": window, "features": []}

    def _audit(self, query: Any) -> dict[str, Any]:
        """Two predictions, without those that are judged or that this reviewer skipped."""
        shares = {"negative": 0.6, "neutral": 0.3, "positive": 0.1}
        item = {
            "created_at": "2026-03-02T10:00:00Z", "label": "negative", "confidence": 0.6,
            "probabilities": shares,
        }  # fmt: skip
        items = [
            {"prediction_id": "p1", "drawn": "random", "text": "<i>late"} | item,
            {"prediction_id": "p2", "drawn": "uncertain", "text": None} | item,
        ]
        left = [
            one
            for one in items
            if self.verdicts.get(one["prediction_id"], [{"verdict": "skipped"}])[-1]["verdict"]
            == "skipped"
            and (one["prediction_id"], query.get("reviewer")) not in self.skips
        ]
        return {"items": left, "next": None, "texts_kept": "all"}

    def _alerts(self, query: Any) -> dict[str, Any]:
        unresolved = query["unresolved"] == "true"
        kept = [item for item in self.alerts if not (unresolved and item["state"] == "resolved")]
        return {"items": kept}

    def _handle_alert(self, name: str, step: str, by: str | None) -> Answer:
        (alert,) = (item for item in self.alerts if item["id"] == name)
        if alert["state"] == "resolved":
            return Answer.problem(409, "alert-resolved", "it is over")
        done = {"acknowledge": "acknowledged", "resolve": "resolved"}[step]
        alert |= {"state": done, f"{done}_at": "2026-03-02T10:05:00Z", f"{done}_key": "page"}
        alert[f"{done}_by"] = by
        return Answer(body=json.dumps(alert).encode())

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

    def _predict_batch(self, body: Any) -> dict[str, Any]:
        """Refuses what has REFUSE in it, alone, as the API does."""
        results = []
        for index, text in enumerate(body["texts"]):
            item: dict[str, Any] = {"index": index, "prediction": None, "error": None}
            if "REFUSE" in text:
                item["error"] = {"type": "/problems/text-refused", "title": "t", "detail": "why"}
            else:
                item["prediction"] = self._predict({"text": text})
            results.append(item)
        return {"model_version": "7", "results": results}

    def _explain(self, body: Any) -> dict[str, Any]:
        """Gives every word a weight: against the label each second one."""
        spans = [match.span() for match in re.finditer(r"\S+", body["text"])]
        prediction = self._predict(body)
        weights = [1.5, -0.75]
        return prediction | {
            "explained_label": prediction["label"],
            "log_odds": 2.0,
            "base_log_odds": 0.0,
            "words": [
                {"start": start, "end": end, "weight": weights[place % 2]}
                for place, (start, end) in enumerate(spans)
            ],
            "grouped": False,
            "exact": True,
            "evaluated": 3,
        }

    def _feedback(self, body: Any) -> dict[str, Any]:
        said = {"verdict": body["verdict"], "corrected_label": body.get("corrected_label")}
        if body["verdict"] == "skipped":
            self.skips.add((body["prediction_id"], body.get("reviewer")))
        history = self.verdicts.setdefault(body["prediction_id"], [])
        if not history or history[-1] != said:
            history.append(said)
        return said | {
            "prediction_id": body["prediction_id"],
            "revision": len(history),
            "created_at": "2026-03-02T10:00:00Z",
            "text_kept": bool(body.get("consent")) and "text" in body,
        }


@pytest.fixture(autouse=True)
def _own_main_module(monkeypatch: pytest.MonkeyPatch) -> None:
    """Streamlit leaves the page as `__main__`, which processes spawned by other tests would run."""
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])


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
def open_view(stand_in: StandInApi, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], AppTest]:
    """The whole page at one of its views: Streamlit's tester knows the default one alone."""

    def open_one(name: str) -> AppTest:
        ordered = sorted(views.VIEWS, key=lambda view: view.name != name)
        monkeypatch.setattr(views, "VIEWS", tuple(ordered))
        return AppTest.from_file(str(files("frontend").joinpath("app.py")), default_timeout=20)

    return open_one


def seen(page: AppTest) -> str:
    """All HTML on the page; fails when the page shows a traceback."""
    assert not page.exception
    return "\n".join(element.proto.body for element in page.get("html")).replace("&#x27;", "'")


@pytest.fixture(name="seen")
def give_seen() -> Callable[[AppTest], str]:
    return seen


@pytest.fixture
def make_answer() -> type[Answer]:
    return Answer

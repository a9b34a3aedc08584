"""The calls of the API that the page makes."""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, TypeVar

import requests
from pydantic import ValidationError
from requests.auth import AuthBase

from frontend.api.alerts import Alert, Alerts
from frontend.api.answers import (
    Answer,
    BatchAnswer,
    BatchItem,
    Explanation,
    ModelInfo,
    Prediction,
    QueuedReceipt,
    Receipt,
    Verdict,
)
from frontend.api.audit import AuditPage
from frontend.api.drift import Drift
from frontend.api.failures import failure_of
from frontend.api.quality import Quality
from frontend.api.radar import Radar
from frontend.errors import BrokenError, TimedOutError, UnreachableError

CHANNEL = "page"
CONNECT_SECONDS = 3.0
ANSWER_SECONDS = 10.0
STATUS_SECONDS = 3.0
"""For what every run of the page asks: shorter, since the visitor waits for it each time."""

Handling = Literal["acknowledge", "resolve"]
AnswerType = TypeVar("AnswerType", bound=Answer)


class _Bearer(AuthBase):
    """Sends an access key, or nothing."""

    def __init__(self, key: str | None) -> None:
        self._key = key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._key is not None:
            request.headers["Authorization"] = f"Bearer {self._key}"
        return request


class ApiClient:
    """Calls the API; every method raises a subclass of `ApiError` when it has no answer.

    Not for several threads at once: `requests` does not promise that of a session.
    """

    def __init__(
        self,
        base_url: str,
        key: str | None = None,
        *,
        connect_seconds: float = CONNECT_SECONDS,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self._connect_seconds = connect_seconds
        self._answer_seconds = answer_seconds
        self._session = requests.Session()
        # Else an entry for the host in a .netrc would be sent in place of the key.
        self._session.auth = _Bearer(key)

    def predict(self, text: str) -> Prediction:
        """Label one tweet.

        Raises:
            ApiError: there is no answer; the subclass says why.
        """
        return self._call("POST", "/v1/predict", Prediction, {"text": text})

    def predict_batch(self, texts: Sequence[str]) -> tuple[BatchItem, ...]:
        """Label several tweets, at most 256.

        Returns:
            One item for each text, in the same order.

        Raises:
            ApiError: there is no answer; the subclass says why.
        """
        answer = self._call("POST", "/v1/predict/batch", BatchAnswer, {"texts": list(texts)})
        if [item.index for item in answer.results] != list(range(len(texts))):
            raise BrokenError()
        return answer.results

    def explain(self, text: str) -> Explanation:
        """Label one tweet and weigh its words; takes longer than `predict`.

        Raises:
            ApiError: there is no answer; the subclass says why.
        """
        answer = self._call("POST", "/v1/explain", Explanation, {"text": text})
        if answer.words and answer.words[-1].end > len(text):
            raise BrokenError()
        return answer

    def model(self) -> ModelInfo:
        """Describe the model that serves.

        Raises:
            ApiError: there is no answer; the subclass says why.
        """
        return self._call("GET", "/v1/model", ModelInfo, longest=STATUS_SECONDS)

    def radar(self, airline: str | None, start: datetime | None = None) -> Radar:
        """What is said over time, and where it surged.

        Args:
            airline: None for all of them together.
            start: from when; None for the last week that has mentions.

        Raises:
            ApiError: there is no answer; the subclass says why.
        """
        asked = {"airline": airline, "from": start.isoformat() if start else None}
        return self._call("GET", "/v1/radar", Radar, query=asked)

    def audit(self, limit: int, reviewer: str | None) -> AuditPage:
        """What to judge next, random audits first.

        Args:
            limit: most items.
            reviewer: pseudonym of who asks, who is not asked again what they skipped.

        Raises:
            ApiError: there is no answer; the subclass says why.
        """
        asked = {"limit": str(limit), "reviewer": reviewer}
        return self._call("GET", "/v1/audit", AuditPage, query=asked)

    def quality(self, start: datetime) -> Quality:
        """How good the answers were since a time.

        Raises:
            ApiError: there is no answer; the subclass says why.
        """
        return self._call("GET", "/v1/quality", Quality, query={"from": start.isoformat()})

    def drift(self) -> Drift:
        """Whether tweets are as they were.

        Raises:
            ApiError: there is no answer; the subclass says why.
        """
        return self._call("GET", "/v1/drift", Drift)

    def alerts(self, *, unresolved: bool) -> tuple[Alert, ...]:
        """What needs somebody, the newest first.

        Args:
            unresolved: leave out what is over.

        Raises:
            ApiError: there is no answer; the subclass says why.
        """
        query = {"unresolved": "true" if unresolved else "false"}
        return self._call("GET", "/v1/alerts", Alerts, query=query).items

    def handle_alert(self, alert_id: str, handling: Handling, by: str | None) -> Alert:
        """Say that somebody looks after an alert, or that it is over.

        Args:
            alert_id: which alert.
            handling: what is said of it.
            by: pseudonym of who says so, to be kept with it.

        Raises:
            AlertResolvedError: it is over already.
            ApiError: there is no answer; the subclass says why.
        """
        body = {"by": by} if by is not None else {}
        return self._call("POST", f"/v1/alerts/{alert_id}/{handling}", Alert, body)

    def give_feedback(self, verdict: Verdict) -> Receipt | QueuedReceipt:
        """Store a verdict; the same verdict again changes nothing, another one revises it.

        While the service's store is away it is queued there: safe, and not to be sent again.

        Raises:
            UnknownPredictionError: the service does not know the prediction.
            ApiError: there is no answer; the subclass says why.
        """
        body = verdict.model_dump(exclude_defaults=True) | {"channel": CHANNEL}
        if verdict.text is not None:
            body["consent"] = True
        response = self._send("POST", "/v1/feedback", body)
        if response.status_code == requests.codes.accepted:
            return _read(response, QueuedReceipt)
        return _read(_successful(response), Receipt)

    def _call(
        self,
        method: str,
        path: str,
        answer: type[AnswerType],
        body: dict[str, Any] | None = None,
        *,
        query: Mapping[str, str | None] | None = None,
        longest: float = math.inf,
    ) -> AnswerType:
        response = self._send(method, path, body, query=query, longest=longest)
        return _read(_successful(response), answer)

    def _send(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None,
        *,
        query: Mapping[str, str | None] | None = None,
        longest: float = math.inf,
    ) -> requests.Response:
        try:
            return self._session.request(
                method,
                self.base_url + path,
                params=query,
                json=body,
                timeout=(self._connect_seconds, min(self._answer_seconds, longest)),
                allow_redirects=False,
            )
        except requests.ConnectionError as error:  # a connection that cannot be made in time too
            raise UnreachableError() from error
        except requests.Timeout as error:
            raise TimedOutError() from error
        except requests.RequestException as error:
            raise BrokenError() from error


def _successful(response: requests.Response) -> requests.Response:
    if response.status_code != requests.codes.ok:
        raise failure_of(response)
    return response


def _read(response: requests.Response, answer: type[AnswerType]) -> AnswerType:
    try:
        return answer.model_validate_json(response.content)
    except ValidationError as error:
        raise BrokenError() from error

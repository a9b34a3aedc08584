"""The client that waits for each answer."""

import time
from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import Self, TypeVar
from uuid import UUID

import httpx2

from radar_client import calls
from radar_client.answers import (
    BatchItem,
    Explanation,
    FeedbackReceipt,
    Health,
    ModelInfo,
    Prediction,
    QueuedFeedback,
    Verdict,
)
from radar_client.batches import Batch, groups_of
from radar_client.exchange import Broken, Call, Reply, Send, Steps, exchange
from radar_client.retries import Policy
from radar_client.settings import find_target
from radar_client.transport import LATE, broken_by

Result = TypeVar("Result")


class Client(AbstractContextManager["Client"]):
    """Asks the sentiment API; may be shared by threads. Close it, or use it in a `with` block.

    Every method raises a `RadarError` when it has no answer; the subclass says why. What may be
    asked again is asked again, as `Policy` says; predictions after a broken connection are not.
    """

    def __init__(
        self, url: str | None = None, *, api_key: str | None = None, policy: Policy | None = None
    ) -> None:
        """Connect to nothing yet.

        Args:
            url: address of the service; None: `RADAR_URL`, else http://127.0.0.1:8000.
            api_key: access key; None: `RADAR_API_KEY`, else none.
            policy: how patient to be.

        Raises:
            SettingError: the address or the key cannot be used.
        """
        target = find_target(url, api_key)
        self._policy = policy or Policy()
        self._http = httpx2.Client(base_url=target.url, headers=dict(target.headers))

    def predict(
        self, text: str, *, true_label: str | None = None, truncate: bool = True
    ) -> Prediction:
        """The sentiment of one tweet.

        Args:
            text: the tweet.
            true_label: what it really is, if known; counts as a verdict, for which the key needs
                the scope `feedback`.
            truncate: cut a tweet that is too long for the model; else it is refused.
        """
        return self._ask(calls.predict(text, true_label=true_label, truncate=truncate))

    def predict_batch(self, texts: Iterable[str], *, truncate: bool = True) -> list[BatchItem]:
        """The sentiment of any number of tweets, in their order.

        What was answered is never lost: a tweet without a prediction has its error, and where a
        whole request failed, each of its tweets has that one. After a failure that others would
        meet too, such as a service that is gone, nothing more is sent.

        Args:
            texts: the tweets; sent 256 at a time, fewer where they are long.
            truncate: as for `predict`.
        """
        batch = Batch(self._policy, truncate=truncate)
        return [item for group in groups_of(texts) for item in self._follow(batch.steps(group))]

    def explain(self, text: str, *, label: str | None = None, truncate: bool = True) -> Explanation:
        """The sentiment of one tweet, and what each of its words adds to it.

        Args:
            text: the tweet.
            label: what to explain; None: the label that is predicted.
            truncate: as for `predict`.
        """
        return self._ask(calls.explain(text, label=label, truncate=truncate))

    def feedback(
        self,
        prediction_id: UUID | str,
        verdict: Verdict,
        *,
        corrected_label: str | None = None,
        text: str | None = None,
        channel: str | None = None,
        reviewer: str | None = None,
        blind: bool = False,
    ) -> FeedbackReceipt | QueuedFeedback:
        """Say whether a prediction is right; saying the same twice changes nothing.

        Args:
            prediction_id: `Prediction.id`.
            verdict: what is said of it.
            corrected_label: what it should have been, if rejected.
            text: the tweet, to be kept for training; giving it is the consent to that.
            channel: where the verdict was given.
            reviewer: a pseudonym.
            blind: whoever judged was not shown the model's answer: on a prediction drawn at random,
                the verdict then counts as its audit.
        """
        return self._ask(
            calls.feedback(
                prediction_id,
                verdict,
                corrected_label=corrected_label,
                text=text,
                channel=channel,
                reviewer=reviewer,
                blind=blind,
            )
        )

    def model(self) -> ModelInfo:
        """The model that serves."""
        return self._ask(calls.model())

    def health(self) -> Health:
        """Whether the service can answer now, and what it lacks if it cannot."""
        return self._ask(calls.health())

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ask(self, call: Call[Result]) -> Result:
        return self._follow(exchange(call, self._policy))

    def _follow(self, steps: Steps[Result]) -> Result:
        came: Reply | Broken | None = None
        while True:
            try:
                step = steps.send(came)
            except StopIteration as end:
                result: Result = end.value
                return result
            if isinstance(step, Send):
                came = self._send(step)
            else:
                time.sleep(step.seconds)
                came = None

    def _send(self, step: Send) -> Reply | Broken:
        ends_at = time.monotonic() + step.seconds
        try:
            # The library bounds each read; the clock between reads bounds all of them.
            with self._http.stream(
                step.method,
                step.path,
                headers=dict(step.headers),
                content=step.content,
                timeout=step.seconds,
            ) as response:
                body = bytearray()
                for chunk in response.iter_bytes():
                    body += chunk
                    if time.monotonic() > ends_at:
                        return LATE
                return Reply(response.status_code, dict(response.headers), bytes(body))
        except httpx2.RequestError as error:
            return broken_by(error)

"""Verdicts on their way to the API: sent once, kept while the API is away, never dropped silently.

The box belongs to the page's process and not to one browser tab: a verdict that waits when its tab
is closed leaves with the next visit of anyone.
"""

from enum import Enum, auto
from threading import Lock

from frontend.api.answers import QueuedReceipt, Receipt, Verdict
from frontend.api.client import ApiClient
from frontend.errors import ApiError, TimedOutError, UnreachableError


class State(Enum):
    """Where a verdict is."""

    WAITING = auto()
    QUEUED = auto()
    DELIVERED = auto()
    REFUSED = auto()


class Delivery:
    """One verdict and what became of it.

    Attributes:
        receipt: the API's answer, once it has stored the verdict or queued it on its disk.
        failure: why the last attempt failed; `None` before the first and after success.
    """

    def __init__(self, verdict: Verdict) -> None:
        self.verdict = verdict
        self.receipt: Receipt | QueuedReceipt | None = None
        self.failure: ApiError | None = None

    @property
    def state(self) -> State:
        """Waiting here until it is stored, queued at the API, or refused for good."""
        if isinstance(self.receipt, QueuedReceipt):
            return State.QUEUED
        if self.receipt is not None:
            return State.DELIVERED
        if self.failure is not None and not self.failure.retryable:
            return State.REFUSED
        return State.WAITING

    @property
    def has_text(self) -> bool:
        """Whether the API has the text, to keep for training, so that it is not given back."""
        if isinstance(self.receipt, Receipt):
            return self.receipt.text_kept
        return self.receipt is not None and self.verdict.text is not None


class Outbox:
    """Sends deliveries one at a time, so that no verdict overtakes another or is sent twice."""

    def __init__(self) -> None:
        self._sending = Lock()
        self._waiting: dict[str, Delivery] = {}

    def post(self, delivery: Delivery, client: ApiClient) -> None:
        """Send a verdict now, in place of one on the same prediction that still waits.

        Never raises: `delivery.state` says whether it arrived, and a waiting one is tried again by
        each `flush`.
        """
        with self._sending:
            self._waiting[delivery.verdict.prediction_id] = delivery
            self._send_all(client)

    def flush(self, client: ApiClient) -> None:
        """Try again what waits, unless another tab is just doing so."""
        if self._waiting and self._sending.acquire(blocking=False):
            try:
                self._send_all(client)
            finally:
                self._sending.release()

    def _send_all(self, client: ApiClient) -> None:
        for delivery in list(self._waiting.values()):
            try:
                delivery.receipt = client.give_feedback(delivery.verdict)
                delivery.failure = None
            except ApiError as error:
                delivery.failure = error
            if delivery.state is not State.WAITING:
                del self._waiting[delivery.verdict.prediction_id]
            elif isinstance(delivery.failure, UnreachableError | TimedOutError):
                return  # the others would fail alike, each after its own time-out

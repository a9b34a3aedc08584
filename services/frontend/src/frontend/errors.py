"""The ways a call of the API can fail, each with its own message in every language."""

from typing import ClassVar


class ApiError(Exception):
    """A call that brought no usable answer.

    Attributes:
        kind: key of the message for people, under `problem` in the catalogues.
        retryable: whether the same call may succeed later without any change to it.
        detail: what the service itself says, in English; empty when it said nothing.
    """

    kind: ClassVar[str]
    retryable: ClassVar[bool] = True

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail or self.kind)
        self.detail = detail


class UnreachableError(ApiError):
    """Nothing listens at the address, or the connection broke."""

    kind = "unreachable"


class TimedOutError(ApiError):
    """No answer in time; the call may or may not have taken effect."""

    kind = "timed_out"


class NotReadyError(ApiError):
    """The service runs but has no model to answer with."""

    kind = "not_ready"


class UnavailableError(ApiError):
    """The service, or what it needs, is away for now (502, 503, 504)."""

    kind = "unavailable"


class BusyError(ApiError):
    """The service has more work than it accepts (429)."""

    kind = "busy"


class NoAccessError(ApiError):
    """The page's access key is missing, unknown or expired, or does not allow this (401, 403).

    Retryable: a verdict waits until an operator has mended it.
    """

    kind = "no_access"


class RefusedError(ApiError):
    """The service understood the call and will not do it (4xx)."""

    kind = "refused"
    retryable = False


class TextTooLongError(RefusedError):
    """The service reads shorter texts only."""

    kind = "too_long"


class UnknownPredictionError(RefusedError):
    """The service has no prediction of that id: its store was emptied or replaced."""

    kind = "unknown_prediction"


class UnknownAlertError(RefusedError):
    """The service has no alert of that id."""

    kind = "unknown_alert"


class AlertResolvedError(RefusedError):
    """The alert is over, so that nobody can look after it any more."""

    kind = "alert_resolved"


class BrokenError(ApiError):
    """An answer that is not of the agreed form, or a failure inside the service (5xx)."""

    kind = "broken"

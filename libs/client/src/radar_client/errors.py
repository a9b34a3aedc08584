"""Why there is no answer. No error holds what was sent: not in its message, not in its cause."""

from http import HTTPStatus


class RadarError(Exception):
    """Any failure of the client.

    Attributes:
        ends_run: other requests would fail likewise now, so sending more of them is of no use.
    """

    ends_run: bool = False


class SettingError(RadarError):
    """An argument or a variable that cannot be used; the message names it."""

    ends_run = True


class NoAnswerError(RadarError):
    """No connection, or one that broke or stayed silent. Only the former ends a run.

    Attributes:
        may_have_arrived: the service may have done what was asked, which nobody can tell from here.
        request_id: under which the service's log has it, if it arrived.
    """

    def __init__(self, reason: str, *, may_have_arrived: bool, request_id: str) -> None:
        super().__init__(reason)
        self.ends_run = not may_have_arrived
        self.may_have_arrived = may_have_arrived
        self.request_id = request_id


class AnswerError(RadarError):
    """An answer that is none of this API: not its schema, or another service's.

    Attributes:
        request_id: under which the service's log has the request.
    """

    def __init__(self, reason: str, *, request_id: str) -> None:
        super().__init__(reason)
        self.request_id = request_id


class ProblemError(RadarError):
    """The service refused or failed, and says why (RFC 9457).

    Attributes:
        type: stable name of the failure, such as `/problems/overloaded`; `about:blank` where the
            answer came from something that does not say, such as a proxy.
        title: the kind of failure in words.
        status: HTTP's.
        detail: what happened this time and how to mend it; empty where nothing said so.
        request_id: under which the service's log has it.
        retry_after: seconds that the service asks to wait; None where it does not.
    """

    def __init__(
        self,
        *,
        type: str,
        title: str,
        status: int,
        detail: str,
        request_id: str,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(f"{title}: {detail}" if detail else f"{title} (status {status})")
        self.type = type
        self.title = title
        self.status = status
        self.detail = detail
        self.request_id = request_id
        self.retry_after = retry_after


class AccessError(ProblemError):
    """The access key is missing, unknown or expired, or does not allow this (401, 403)."""

    ends_run = True


class RefusedError(ProblemError):
    """What was sent cannot be answered, now or later (other 4xx)."""


class BusyError(ProblemError):
    """Too many requests are waiting, or the key is used too often (429)."""

    ends_run = True


class UnavailableError(ProblemError):
    """The service lacks something for now: a model, its store (502, 503)."""

    ends_run = True


class FailedError(ProblemError):
    """The service failed on this request, or had no time for it (other 5xx)."""


def problem_class(status: int) -> type[ProblemError]:
    """The error that a status stands for."""
    match status:
        case HTTPStatus.UNAUTHORIZED | HTTPStatus.FORBIDDEN:
            return AccessError
        case HTTPStatus.TOO_MANY_REQUESTS:
            return BusyError
        case HTTPStatus.BAD_GATEWAY | HTTPStatus.SERVICE_UNAVAILABLE:
            return UnavailableError
        case _ if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return FailedError
        case _:
            return RefusedError

"""Times in the query of a request."""

from datetime import datetime

from inference.problems import Failure, ServiceError
from inference.radar.times import parse_time


def optional_moment(name: str, text: str | None) -> datetime | None:
    """A moment in UTC, or None where none is given.

    Args:
        name: of the parameter.
        text: as for `parse_time`.

    Raises:
        ServiceError: (invalid request) it is no time.
    """
    if text is None:
        return None
    try:
        return parse_time(text)
    except ValueError as error:
        raise ServiceError(Failure.INVALID_REQUEST, f"{name}: {error}") from None

"""How a failing database becomes an answer, without a word of what was being stored."""

from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from inference.problems import Failure, ServiceError

RETRY_SECONDS = 2


def store_unavailable(detail: str = "the store does not answer; try again shortly") -> ServiceError:
    """The failure of a request that cannot be kept, or read back, now."""
    return ServiceError(
        Failure.STORE_UNAVAILABLE, detail, headers={"Retry-After": str(RETRY_SECONDS)}
    )


def is_unreachable(error: BaseException | None) -> bool:
    """Whether a database did not answer, rather than refuse."""
    return isinstance(error, OperationalError | InterfaceError | PoolTimeoutError)


def reason_of(error: Exception) -> str:
    """Why the database failed, for the log.

    Only what speaks of the connection is quoted: other messages of a database may hold the row.
    """
    original = getattr(error, "orig", None) or error
    kind = type(original).__name__
    if isinstance(error, OperationalError) or not isinstance(error, SQLAlchemyError):
        lines = str(original).strip().splitlines()
        return f"{kind}: {lines[0]}" if lines else kind
    return kind

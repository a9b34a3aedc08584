"""Bounds on how often a key may ask."""

import math
from dataclasses import dataclass

WINDOW_SECONDS = 60
POLICY_NAME = "requests"


@dataclass(frozen=True, slots=True)
class Turn:
    """What became of one request under its limit.

    Attributes:
        allowed: whether it may go on.
        remaining: requests that would be allowed right after it.
        full_in: seconds until the whole quota is there again.
        retry_in: seconds until the next request would be allowed; 0 if this one was.
    """

    allowed: bool
    remaining: int
    full_in: float
    retry_in: float


class Limiter:
    """The generic cell rate algorithm (ITU-T I.371, annex A): one number for each key.

    A quota for a minute can be used at once, and comes back evenly. Not for several threads. Each
    process counts for itself.
    """

    def __init__(self) -> None:
        self._empty_at: dict[str, float] = {}

    def take(self, name: str, quota: int, now: float) -> Turn:
        """Count one request of a key, if it is allowed.

        Args:
            name: which key.
            quota: requests a minute.
            now: seconds on a clock that never goes back.
        """
        share = WINDOW_SECONDS / quota
        before = max(self._empty_at.get(name, now), now)
        after = before + share
        if after - now > WINDOW_SECONDS + 1e-9:
            return Turn(False, 0, before - now, after - now - WINDOW_SECONDS)
        self._empty_at[name] = after
        remaining = int((WINDOW_SECONDS - (after - now)) / share + 1e-6)
        return Turn(True, remaining, after - now, 0.0)


def headers_of(quota: int, turn: Turn) -> dict[str, str]:
    """`RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-11, sections 3, 4).

    In the draft's words: the quota `q` of each window of `w` seconds, the requests that remain of
    it, `r`, and the seconds until it is whole again, `t`.
    """
    return {
        "RateLimit-Policy": f'"{POLICY_NAME}";q={quota};w={WINDOW_SECONDS}',
        "RateLimit": f'"{POLICY_NAME}";r={turn.remaining};t={math.ceil(turn.full_in)}',
    }

"""When something is wrong: pure functions of what was counted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from inference.alerts.binomial import upper_tail

RATE_WINDOWS: Final = (timedelta(minutes=30), timedelta(hours=1), timedelta(hours=2))
"""The shortest sees a sudden fall, the longest a small or slow one, or one among few verdicts."""

EARLY_LEVEL: Final = 0.011
"""Level at which the first alarm of a week is raised.

With 15 % expected and 20 verdicts in 5 minutes it sees 97 % of rises to 30 % within half an hour,
and raises a false alarm within some hours. No rule has one without the other: the most powerful
test of those 120 verdicts (Neyman and Pearson 1933) has a level of about 1 % where its power is
95 %, and a week has 336 half hours.
"""

SURE_LEVEL: Final = 3e-6
"""Level within a week of an alarm, true or false: less than one week in 50 has a second false one,
and 95 % of the same rises are seen within 75 minutes."""

BUDGET_PERIOD: Final = timedelta(days=7)
"""In which at most one false alarm is to be expected."""

LEAST_COUNT: Final = 20
"""Of fewer verdicts or requests no share is taken: a few rejections have a rule of their own."""


@dataclass(frozen=True)
class Tally:
    """What was counted within a window.

    Attributes:
        total: verdicts, or requests.
        bad: those of them that speak of a fault.
    """

    total: int
    bad: int

    @property
    def share(self) -> float:
        """Share of the bad ones; 0 of nothing."""
        return self.bad / self.total if self.total else 0.0


def newest_cluster(moments: Sequence[datetime], count: int, window: timedelta) -> range | None:
    """The newest `count` or more events that lie within one window, wherever that begins.

    Args:
        moments: of the events, oldest first.
        count: events that make a cluster; at least 1.
        window: how far the first and the last of those may be apart, both included.

    Returns:
        The places of the events from the first to the last of the newest such window; None if
        there is none.
    """
    for last in range(len(moments) - 1, count - 2, -1):
        first = last - count + 1
        if moments[last] - moments[first] <= window:
            while first > 0 and moments[last] - moments[first - 1] <= window:
                first -= 1
            return range(first, last + 1)
    return None


def level_after(last_opened_at: datetime | None, now: datetime) -> float:
    """How unlikely a rate must be by chance alone to raise an alarm now.

    Args:
        last_opened_at: when the last alarm of the rule was raised.
        now: the current moment.
    """
    if last_opened_at is None or now - last_opened_at >= BUDGET_PERIOD:
        return EARLY_LEVEL
    return SURE_LEVEL


def is_excess(tally: Tally, expected: float, level: float) -> bool:
    """Whether so many bad ones are too many to be chance: an exact one-sided binomial test.

    Args:
        tally: what was counted; of fewer than `LEAST_COUNT` none is too many.
        expected: share of bad ones that is normal, between 0 and 1.
        level: largest probability of a false answer.
    """
    if tally.total < LEAST_COUNT or tally.bad <= tally.total * expected:
        return False
    return upper_tail(tally.bad, tally.total, expected) <= level


def is_too_much(tally: Tally, allowed: float) -> bool:
    """Whether a share of requests is above what is allowed, among enough of them."""
    return tally.total >= LEAST_COUNT and tally.share > allowed

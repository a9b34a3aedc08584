"""Applying the rules to what the store holds."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from inference.alerts import evidence
from inference.alerts.repository import Finding, newest
from inference.alerts.rules import (
    EARLY_LEVEL,
    RATE_WINDOWS,
    Tally,
    is_excess,
    is_too_much,
    level_after,
    newest_cluster,
)
from inference.alerts.settings import AlertSettings

REJECTIONS: Final = "rejections"
REJECTION_RATE: Final = "rejection_rate"
ERRORS: Final = "errors"
LATENCY: Final = "latency"

KEY: Final = "api"
"""What these alerts are about: all processes and model versions together."""

TRAFFIC_WINDOW: Final = timedelta(minutes=5)


@dataclass(frozen=True)
class Thresholds:
    """When the rules find something; see the settings of these names."""

    rejections: int
    rejections_within: timedelta
    expected_rejections: float
    error_share: float
    slow_share: float
    slow_seconds: float

    @classmethod
    def of(cls, settings: AlertSettings) -> "Thresholds":
        """What the settings say."""
        return cls(
            rejections=settings.alert_rejections,
            rejections_within=timedelta(seconds=settings.alert_rejections_seconds),
            expected_rejections=settings.alert_expected_rejections,
            error_share=settings.alert_error_share,
            slow_share=settings.alert_slow_share,
            slow_seconds=settings.alert_slow_seconds,
        )


def findings(connection: Connection, thresholds: Thresholds, now: datetime) -> list[Finding]:
    """What all rules find now; at most one finding of each.

    Args:
        connection: to the database.
        thresholds: when to find something.
        now: the current moment.
    """
    found = (
        _rejections(connection, thresholds, now),
        _rejection_rate(connection, thresholds, now),
        *_answers(connection, thresholds, now),
    )
    return [finding for finding in found if finding is not None]


def _rejections(connection: Connection, thresholds: Thresholds, now: datetime) -> Finding | None:
    if not thresholds.rejections:
        return None
    rejected = evidence.rejections(connection, now)
    within = thresholds.rejections_within
    places = newest_cluster(rejected.moments, thresholds.rejections, within)
    if places is None:
        return None
    return Finding(
        kind=REJECTIONS,
        key=KEY,
        summary=f"{len(places)} predictions were rejected within {_spoken(within)}",
        details={"rejections": len(places), "seconds": within.total_seconds()},
        seen_at=rejected.moments[places[-1]],
        predictions=tuple(rejected.predictions[place] for place in places),
    )


def _rejection_rate(
    connection: Connection, thresholds: Thresholds, now: datetime
) -> Finding | None:
    expected = thresholds.expected_rejections
    if not expected:
        return None
    last = newest(connection, REJECTION_RATE, KEY)
    ended = last is not None and last.resolved_at is not None
    # One that is open lasts for as long as it would have been raised as a first one.
    level = level_after(last.opened_at, now) if last and ended else EARLY_LEVEL
    for window in RATE_WINDOWS:
        tally = evidence.verdicts(connection, now - window)
        if is_excess(tally, expected, level):
            return Finding(
                kind=REJECTION_RATE,
                key=KEY,
                summary=f"{tally.bad} of {tally.total} verdicts within {_spoken(window)} reject "
                f"the prediction ({tally.share:.0%}), where {expected:.0%} are expected",
                details={
                    "rejected": tally.bad,
                    "verdicts": tally.total,
                    "expected_share": expected,
                    "seconds": window.total_seconds(),
                    "level": level,
                },
                seen_at=now,
            )
    return None


def _answers(
    connection: Connection, thresholds: Thresholds, now: datetime
) -> tuple[Finding | None, Finding | None]:
    answers = evidence.answers(connection, now - TRAFFIC_WINDOW)
    errors, slow = answers.errors, answers.slow
    spoken = _spoken(TRAFFIC_WINDOW)
    return (
        _too_much(
            *(ERRORS, errors, thresholds.error_share, now),
            f"{errors.bad} of {errors.total} requests within {spoken} failed here "
            f"({errors.share:.1%})",
        ),
        _too_much(
            *(LATENCY, slow, thresholds.slow_share, now),
            f"{slow.bad} of {slow.total} predictions within {spoken} took longer than "
            f"{thresholds.slow_seconds:g} s ({slow.share:.1%})",
        ),
    )


def _too_much(
    kind: str, tally: Tally, allowed: float, now: datetime, summary: str
) -> Finding | None:
    if not is_too_much(tally, allowed):
        return None
    details = {"bad": tally.bad, "requests": tally.total, "allowed_share": allowed}
    details["seconds"] = TRAFFIC_WINDOW.total_seconds()
    return Finding(kind, KEY, summary, details, seen_at=now)


def _spoken(window: timedelta) -> str:
    minutes = window.total_seconds() / 60
    return f"{minutes:g} minutes" if minutes != 1 else "a minute"

"""The radar's tables, read."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from sqlalchemy import ColumnElement, Connection, case, func, select, true

from inference.radar.detection.series import Reals, Series
from inference.radar.mentions import NEGATIVE
from inference.radar.repository import ALL_TIME
from inference.store.tables import RADAR_COUNTS, RADAR_SAMPLES, RADAR_WORDS

LOOKS = 5
"""Minutes of a bucket."""


@dataclass(frozen=True, eq=False)
class History:
    """All that is counted of an airline, or of all of them.

    Attributes:
        series: mentions and negatives.
        negative_sums: sum of the probabilities of being negative `[buckets]`.
        reach: people reached `[buckets]`.
    """

    series: Series
    negative_sums: Reals
    reach: Reals


@dataclass
class WordCounts:
    """Uses of words or topics.

    Attributes:
        by_hour: uses of those that have a name, by hour.
        totals: uses of all of them, by hour.
        usual: uses at all times, of those that have a name in some hour.
        usual_total: uses of all of them at all times.
    """

    by_hour: dict[int, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    totals: Counter[int] = field(default_factory=Counter)
    usual: Counter[str] = field(default_factory=Counter)
    usual_total: int = 0


@dataclass(frozen=True, slots=True)
class Sample:
    """A text that is kept.

    Attributes:
        minute: when it was written, numbered from the beginning of 1970.
        airline: whom it is about.
        text: redacted.
        negative: calibrated probability of `negative`.
    """

    minute: int
    airline: str
    text: str
    negative: float


def history(connection: Connection, airline: str | None, until: int | None) -> History:
    """The counts, bucket by bucket.

    Args:
        connection: to the store.
        airline: None for all of them together.
        until: the first minute that is not over; None if all are that have mentions.
    """
    table = RADAR_COUNTS.c
    negatives = func.sum(case((table.label == NEGATIVE, table.mentions), else_=0))
    query = (
        select(
            table.minute,
            func.sum(table.mentions),
            negatives,
            func.sum(table.negative_sum),
            func.sum(table.reach),
        )
        .where(_of(table.airline, airline))
        .group_by(table.minute)
    )
    rows = [tuple(row) for row in connection.execute(query) if until is None or row[0] < until]
    series = Series.from_looks({row[0]: (int(row[1]), int(row[2])) for row in rows}, until=until)
    sums = np.zeros((2, len(series)))
    for minute, _, _, negative, reach in rows:
        sums[:, minute // LOOKS - series.first] += (negative, float(reach))
    return History(series, sums[0], sums[1])


def word_counts(connection: Connection, airline: str | None, kind: str) -> WordCounts:
    """Uses of words (`word`) or topics (`topic`) in negative mentions."""
    table, found = RADAR_WORDS.c, WordCounts()
    of_airline = _of(table.airline, airline)
    totals = (
        select(table.hour, func.sum(table.uses))
        .where(of_airline, table.kind == "all", table.token == kind.encode())
        .group_by(table.hour)
    )
    for hour, uses in connection.execute(totals):
        if hour == ALL_TIME:
            found.usual_total = int(uses)
        else:
            found.totals[hour] = int(uses)
    names: dict[bytes, str] = {}
    named = (
        select(table.hour, table.token, table.name, func.sum(table.uses))
        .where(of_airline, table.kind == kind, table.hour != ALL_TIME, table.name.is_not(None))
        .group_by(table.hour, table.token, table.name)
    )
    for hour, token, name, uses in connection.execute(named):
        names[bytes(token)] = name
        found.by_hour[hour][name] += int(uses)
    usual = (
        select(table.token, func.sum(table.uses))
        .where(of_airline, table.kind == kind, table.hour == ALL_TIME)
        .group_by(table.token)
    )
    for token, uses in connection.execute(usual):
        if name := names.get(bytes(token)):
            found.usual[name] += int(uses)
    return found


def samples(
    connection: Connection, airline: str | None, start: int, end: int, most: int
) -> Sequence[Sample]:
    """The surest negative texts that are kept of some minutes, the last one excluded."""
    table = RADAR_SAMPLES.c
    query = (
        select(table.minute, table.airline, table.text, table.negative)
        .where(_of(table.airline, airline), table.minute >= start, table.minute < end)
        .order_by(table.negative.desc(), table.minute)
        .limit(most)
    )
    return [Sample(*row) for row in connection.execute(query)]


def _of(column: ColumnElement[str], airline: str | None) -> ColumnElement[bool]:
    return true() if airline is None else column == airline

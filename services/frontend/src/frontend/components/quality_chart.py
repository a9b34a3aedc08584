"""Accuracy day by day, with its intervals, beside what the model promises."""

from collections.abc import Sequence
from datetime import date, datetime, tzinfo
from typing import Any

import altair as alt

from frontend.api.quality import Rate, Slice
from frontend.components.charts import HEIGHT, day_axis, percent_axis, show
from frontend.i18n import Catalogue
from frontend.theme import ACCENT, MOODS

KINDS = {"audits": ACCENT, "volunteered": MOODS["negative"], "expected": MOODS["neutral"]}
SHAPES = {"audits": "circle", "volunteered": "diamond", "expected": "stroke"}


def accuracy_by_day(words: Catalogue, days: Sequence[Slice], zone: tzinfo) -> None:
    """Show the chart.

    Args:
        words: the visitor's language.
        days: slices named YYYY-MM-DD.
        zone: where the visitor is.
    """
    rows = [row for day in days for row in _rows(words, day, zone)]
    names = {kind: words(f"quality.{kind}") for kind in KINDS}
    colour = alt.Color(
        "kind:N", scale=alt.Scale(domain=list(names.values()), range=list(KINDS.values()))
    )
    shape = alt.Shape(
        "kind:N", scale=alt.Scale(domain=list(names.values()), range=list(SHAPES.values()))
    )
    data = alt.InlineData(values=rows)
    x = alt.X("day:T", title=None, axis=day_axis(words, tickCount="day"))
    offset = alt.XOffset("kind:N", sort=list(names.values()))
    ranges = (
        alt.Chart(data)
        .mark_rule(strokeWidth=2)
        .encode(
            x=x,
            y=alt.Y(
                "low:Q",
                title=None,
                scale=alt.Scale(domain=[0, 1]),
                axis=percent_axis(words, tickCount=5),
            ),
            y2="high:Q",
            color=colour,
            xOffset=offset,
        )
    )
    points = (
        alt.Chart(data)
        .mark_point(size=70, filled=True)
        .encode(
            x=x,
            y="value:Q",
            color=colour,
            shape=shape,
            xOffset=offset,
            tooltip=[
                alt.Tooltip("when:N", title=words("quality.day")),
                alt.Tooltip("kind:N", title=words("quality.kind")),
                alt.Tooltip("said:N", title=words("quality.accuracy")),
                alt.Tooltip("total:Q", title=words("quality.cases")),
            ],
        )
    )
    title = words("quality.by_day")
    said = "; ".join(f"{row['when']}, {row['kind']}: {row['said']}" for row in rows)
    show(alt.layer(ranges, points).properties(height=HEIGHT), f"{title}. {said}", title=title)


def _rows(words: Catalogue, day: Slice, zone: tzinfo) -> list[dict[str, Any]]:
    there = date.fromisoformat(day.name)
    midnight = datetime(there.year, there.month, there.day, tzinfo=zone)
    rates = {
        "audits": day.audits.accuracy,
        "volunteered": day.volunteered.accuracy,
        "expected": day.expected,
    }
    return [
        {
            "day": round(midnight.timestamp() * 1000),
            "when": words.moment(midnight, zone, clock=False),
            "kind": words(f"quality.{kind}"),
            "value": rate.value,
            "low": rate.low,
            "high": rate.high,
            "said": in_words(words, rate),
            "total": rate.total,
        }
        for kind, rate in rates.items()
        if rate.value is not None
    ]


def in_words(words: Catalogue, rate: Rate) -> str:
    """A share with its interval; a dash where there is no case."""
    if rate.value is None or rate.low is None or rate.high is None:
        return "–"
    return words(
        "quality.rate",
        value=words.percent(rate.value),
        low=words.percent(rate.low),
        high=words.percent(rate.high),
    )

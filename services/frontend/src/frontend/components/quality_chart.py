"""Accuracy day by day, with its intervals, beside what the model promises."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta, tzinfo
from typing import Any

import altair as alt

from frontend.api.quality import Rate, Slice
from frontend.components.charts import HEIGHT, day_axis, percent_axis, show
from frontend.i18n import Catalogue
from frontend.theme import ACCENT, MOODS

KINDS = {"audits": ACCENT, "volunteered": MOODS["negative"], "expected": MOODS["neutral"]}
ASIDE = {"audits": timedelta(hours=-5), "volunteered": timedelta(0), "expected": timedelta(hours=5)}
"""How far from the middle of its day a figure stands, so that none hides another."""
HALF_A_DAY = timedelta(hours=12)
LEGEND_HEIGHT = 60
SHAPES = {"audits": "circle", "volunteered": "diamond", "expected": "square"}


def accuracy_by_day(words: Catalogue, days: Sequence[Slice], zone: tzinfo) -> None:
    """Show the chart, if there is anything in it.

    Args:
        words: the visitor's language.
        days: slices named YYYY-MM-DD.
        zone: where the visitor is.
    """
    rows = [row for day in days for row in _rows(words, day, zone)]
    if not rows:
        return
    names = {kind: words(f"quality.{kind}") for kind in KINDS}
    legend = alt.Legend(columns=1)  # side by side they are wider than a phone
    colour = alt.Color(
        "kind:N",
        scale=alt.Scale(domain=list(names.values()), range=list(KINDS.values())),
        legend=legend,
    )
    shape = alt.Shape(
        "kind:N",
        scale=alt.Scale(domain=list(names.values()), range=list(SHAPES.values())),
        legend=legend,
    )
    data = alt.InlineData(values=rows)
    dates = sorted(date.fromisoformat(day.name) for day in days)
    x = alt.X(
        "at:T",
        title=None,
        scale=alt.Scale(domain=[_there(dates[0], 0), _there(dates[-1], 24)]),
        axis=day_axis(words, values=[_there(day, 12) for day in dates], hours=False),
    )
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
    show(
        alt.layer(ranges, points).properties(height=HEIGHT + LEGEND_HEIGHT),
        f"{title}. {said}",
        title=title,
    )


def _rows(words: Catalogue, day: Slice, zone: tzinfo) -> list[dict[str, Any]]:
    middle = _middle(day, zone)
    rates = {
        "audits": day.audits.accuracy,
        "volunteered": day.volunteered.accuracy,
        "expected": day.expected,
    }
    return [
        {
            "at": round((middle + ASIDE[kind]).timestamp() * 1000),
            "when": words.moment(middle, zone, clock=False),
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


def _middle(day: Slice, zone: tzinfo) -> datetime:
    there = date.fromisoformat(day.name)
    return datetime(there.year, there.month, there.day, tzinfo=zone) + HALF_A_DAY


def _there(day: date, hour: int) -> alt.DateTime:
    """A moment where the visitor is; Streamlit's Vega takes a bare number for a year."""
    return alt.DateTime(year=day.year, month=day.month, date=day.day, hours=hour)


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

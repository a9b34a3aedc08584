"""Charts in the page's colours and the visitor's language."""

import json
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import altair as alt
import streamlit as st

from frontend.components.shares import TONES
from frontend.i18n import Catalogue
from frontend.theme import ACCENT, INK, LINE, MOODS, QUIET

AnyChart = alt.Chart | alt.LayerChart | alt.FacetChart

HEIGHT = 240
LEAST_EXTENT = 42
"""Pixels for the labels of values: with as many each, charts below each other share their time."""
ROW_HEIGHT = 34


def show(chart: AnyChart, said: str, *, title: str) -> None:
    """Show a chart.

    Args:
        chart: what to draw.
        said: what it shows, for those who cannot see it.
        title: stands above it.
    """
    st.html(f"<h2>{escape(title)}</h2>")
    drawn = (
        chart.configure(background="transparent", font="Source Sans, sans-serif")
        .configure_axis(
            labelColor=QUIET, titleColor=QUIET, gridColor=LINE, labelFontSize=12, titleFontSize=12
        )
        .configure_axisLeft(minExtent=LEAST_EXTENT)
        .configure_legend(
            orient="top", title=None, labelColor=INK, labelFontSize=13, labelLimit=0, columns=3
        )
        .configure_view(stroke=None)
    )
    st.altair_chart(drawn, theme=None, alt=said)


def grouped_shares(
    words: Catalogue, labels: Sequence[str], groups: Mapping[str, Mapping[str, int]], *, title: str
) -> None:
    """The share of each label within groups, those with most of the first label on top."""
    rows: list[dict[str, Any]] = []
    order = sorted(groups, key=lambda name: -_share(groups[name], labels[0]))
    for name in order:
        rows += [
            {
                "group": name,
                "label": words.label(label),
                "place": place,
                "share": _share(groups[name], label),
                "said": words.percent(_share(groups[name], label)),
                "count": groups[name].get(label, 0),
            }
            for place, label in enumerate(labels)
        ]
    chart = (
        alt.Chart(alt.InlineData(values=rows))
        .mark_bar()
        .encode(
            y=alt.Y("group:N", sort=order, title=None, axis=alt.Axis(labelLimit=140, ticks=False)),
            x=alt.X("share:Q", title=None, axis=percent_axis(words, tickCount=5)),
            order=alt.Order("place:O"),
            color=alt.Color("label:N", scale=scale(words, labels)),
            tooltip=[
                alt.Tooltip("group:N", title=words("chart.group")),
                alt.Tooltip("label:N", title=words("chart.label")),
                alt.Tooltip("said:N", title=words("chart.share")),
                alt.Tooltip("count:Q", title=words("chart.tweets")),
            ],
        )
        .properties(height=ROW_HEIGHT * len(groups) + 40)
    )
    said = "; ".join(f"{name}: {words.percent(_share(groups[name], labels[0]))}" for name in order)
    show(chart, f"{title}. {words.label(labels[0])}: {said}", title=title)


def scale(words: Catalogue, labels: Sequence[str]) -> alt.Scale:
    """The colours of labels."""
    colours = [MOODS[label] if label in TONES else ACCENT for label in labels]
    return alt.Scale(domain=[words.label(label) for label in labels], range=colours)


def _share(counts: Mapping[str, int], label: str) -> float:
    return counts.get(label, 0) / (sum(counts.values()) or 1)


def percent_axis(words: Catalogue, **options: Any) -> alt.Axis:
    """An axis of shares from 0 to 1."""
    sign = words("format.percent", number="")
    return alt.Axis(labelExpr=f"round(datum.value * 100) + {json.dumps(sign)}", **options)


def day_axis(words: Catalogue, *, hours: bool = True, **options: Any) -> alt.Axis:
    """An axis of time, labelled at midnight with the day, else with the hour.

    Streamlit leaves no way to hand Vega a locale, so names of months come with the expression.

    Args:
        words: the visitor's language.
        hours: whether there are any; without them every label is a day.
        options: of the axis.
    """
    months = json.dumps(words("format.short_months").split(), ensure_ascii=False)
    day = f"date(datum.value) + ' ' + {months}[month(datum.value)]"
    clock = "timeFormat(datum.value, '%H:%M')"
    midnight = "hours(datum.value) == 0 && minutes(datum.value) == 0"
    return alt.Axis(
        labelExpr=f"{midnight} ? {day} : {clock}" if hours else day,
        labelOverlap="greedy",
        labelSeparation=10,
        grid=False,
        **options,
    )

"""The radar's series: the share of negative tweets and their number, each with what is usual."""

from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo
from typing import Any

import altair as alt

from frontend.api.radar import Episode
from frontend.components.charts import HEIGHT, AnyChart, day_axis, percent_axis, show
from frontend.i18n import Catalogue
from frontend.radar.steps import Band, Step
from frontend.theme import ACCENT, INK, MOODS

BAND_OPACITY = 0.2
EPISODE_OPACITY = 0.16
LEAST_MENTIONS = 3
"""Of a step whose share is drawn; the table has the others too."""
GAP = 0.08
"""Share of a step that is left free on either side of a bar."""

RED = MOODS["negative"]


def share_chart(
    words: Catalogue,
    steps: Sequence[Step],
    length: timedelta,
    episodes: Sequence[Episode],
    zone: tzinfo,
) -> AnyChart:
    """The share of negative tweets with its usual band, and surges under their numbers.

    Args:
        words: the visitor's language.
        steps: oldest first.
        length: of a step.
        episodes: surges, in the order of their numbers.
        zone: where the visitor is.
    """
    rows = [
        _row(words, step, length, zone, step.usual_share)
        | {"share": step.share if step.mentions >= LEAST_MENTIONS else None}
        for step in steps
    ]
    point = alt.OverlayMarkDef(size=22, filled=True, color=RED)
    line = (
        alt.Chart(alt.InlineData(values=rows))
        .mark_line(color=RED, strokeWidth=2, point=point)
        .encode(x=_time(words, "centre"), y=alt.Y("share:Q"))
    )
    axis = percent_axis(words, tickCount=5)
    spans = _spans(episodes, steps[0].start, steps[-1].start + length)
    number = (
        alt.Chart(alt.InlineData(values=spans))
        .mark_text(align="left", dx=3, dy=9, fontWeight="bold", fontSize=13, color=INK)
        .encode(x=_time(words, "start"), y=alt.value(0), text="number:O")
    )
    layers = [_shade(words, spans), *_usual(words, rows, axis), line, number, _hover(words, rows)]
    return alt.layer(*layers).properties(height=HEIGHT)


def count_chart(
    words: Catalogue,
    steps: Sequence[Step],
    length: timedelta,
    episodes: Sequence[Episode],
    zone: tzinfo,
) -> AnyChart:
    """The number of negative tweets with its usual band; see `share_chart`."""
    rows = [
        _row(words, step, length, zone, step.usual_negatives)
        | {
            "negatives": step.negatives,
            "left": _milliseconds(step.start + GAP * length),
            "right": _milliseconds(step.start + (1 - GAP) * length),
        }
        for step in steps
    ]
    bars = (
        alt.Chart(alt.InlineData(values=rows))
        .mark_rect(color=RED)
        .encode(x=_time(words, "left"), x2="right:T", y=alt.Y("negatives:Q"), y2=alt.datum(0))
    )
    axis = alt.Axis(format="d", tickMinStep=1, tickCount=4)
    spans = _spans(episodes, steps[0].start, steps[-1].start + length)
    layers = [_shade(words, spans), *_usual(words, rows, axis), bars, _hover(words, rows)]
    return alt.layer(*layers).properties(height=round(0.7 * HEIGHT))


def draw(
    words: Catalogue,
    steps: Sequence[Step],
    length: timedelta,
    episodes: Sequence[Episode],
    zone: tzinfo,
    said: str,
) -> None:
    """Show both charts, one below the other.

    Args:
        words: the visitor's language.
        steps: oldest first.
        length: of a step.
        episodes: surges, in the order of their numbers.
        zone: where the visitor is.
        said: what the charts show, for those who cannot see them.
    """
    for name, chart in (("share", share_chart), ("count", count_chart)):
        title = words(f"radar.{name}")
        show(chart(words, steps, length, episodes, zone), f"{title}. {said}", title=title)


def _row(
    words: Catalogue, step: Step, length: timedelta, zone: tzinfo, usual: Band | None
) -> dict[str, Any]:
    """What is drawn of a step, and what is said of it where the pointer rests."""
    band = step.usual_share
    return {
        "start": _milliseconds(step.start),
        "centre": _milliseconds(step.start + length / 2),
        "end": _milliseconds(step.start + length),
        "usual": usual.middle if usual else None,
        "low": usual.low if usual else None,
        "high": usual.high if usual else None,
        "when": words.moment(step.start, zone),
        "mentions": step.mentions,
        "count": step.negatives,
        "said_share": "" if step.share is None else words.percent(step.share),
        "said_usual": "" if band is None else words.percent(band.middle),
    }


def _spans(episodes: Sequence[Episode], first: datetime, last: datetime) -> list[dict[str, Any]]:
    """Episodes as far as they lie within the chart."""
    return [
        {
            "start": _milliseconds(max(first, episode.start)),
            "end": _milliseconds(min(last, episode.end or last)),
            "number": number,
        }
        for number, episode in enumerate(episodes, start=1)
    ]


def _shade(words: Catalogue, spans: list[dict[str, Any]]) -> alt.Chart:
    shade: alt.Chart = (
        alt.Chart(alt.InlineData(values=spans))
        .mark_rect(color=RED, opacity=EPISODE_OPACITY)
        .encode(x=_time(words, "start"), x2="end:T")
    )
    return shade


def _usual(words: Catalogue, rows: list[dict[str, Any]], axis: alt.Axis) -> list[alt.Chart]:
    data = alt.InlineData(values=rows)
    band = (
        alt.Chart(data)
        .mark_area(color=ACCENT, opacity=BAND_OPACITY)
        .encode(x=_time(words, "centre"), y=alt.Y("low:Q", title=None, axis=axis), y2="high:Q")
    )
    middle = (
        alt.Chart(data)
        .mark_line(color=ACCENT, strokeDash=[5, 4], strokeWidth=1.5)
        .encode(x=_time(words, "centre"), y="usual:Q")
    )
    return [band, middle]


def _hover(words: Catalogue, rows: list[dict[str, Any]]) -> alt.Chart:
    """An unseen column for each step, which tells its figures wherever the pointer rests in it."""
    titles = {
        "when": "when",
        "mentions": "mentions",
        "count": "count",
        "said_share": "share",
        "said_usual": "usual",
    }
    unseen: alt.Chart = (
        alt.Chart(alt.InlineData(values=rows))
        .mark_rect(opacity=0)
        .encode(
            x=_time(words, "start"),
            x2="end:T",
            tooltip=[
                alt.Tooltip(f"{field}:N", title=words(f"radar.{name}"))
                for field, name in titles.items()
            ],
        )
    )
    return unseen


def _time(words: Catalogue, field: str) -> alt.X:
    return alt.X(f"{field}:T", title=None, axis=day_axis(words))


def _milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)

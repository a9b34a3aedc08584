"""What is said of airlines over time, and where negative tweets surged."""

from collections.abc import Sequence
from datetime import timedelta, tzinfo
from html import escape

import streamlit as st

from frontend.api.radar import Episode, Point, Radar
from frontend.components import radar_chart, surge
from frontend.components.frame import failure, opening
from frontend.components.notice import notice
from frontend.components.table import table
from frontend.context import Context, visitors_zone
from frontend.errors import ApiError, UnreachableError
from frontend.i18n import Catalogue
from frontend.radar import steps

PERIODS = {"day": timedelta(days=1), "week": timedelta(days=7), "month": timedelta(days=30)}
FIRST_PERIOD = "week"
REFRESH_SECONDS = 60
ALL = "*"
"""The choice of all airlines together; one that is not named is an empty name."""


def render(context: Context) -> None:
    """Draw the page."""
    opening(context, "radar")
    if not isinstance(context.service, UnreachableError):
        _watch(context)


@st.fragment(run_every=REFRESH_SECONDS)
def _watch(context: Context) -> None:
    """The part that looks again by itself."""
    words = context.words
    chosen = st.session_state.get("airline", ALL)
    period = PERIODS[st.session_state.get("period") or FIRST_PERIOD]
    try:
        radar = _read(context, None if chosen == ALL else chosen, period)
    except ApiError as error:
        failure(context, error)
        return
    if not radar.airlines or radar.to is None:
        notice("info", words("radar.nothing"), words("radar.nothing_action"))
        return
    _filters(words, radar.airlines)
    begin = radar.to - period
    points = [point for point in radar.points if point.start >= begin]
    episodes = [item for item in radar.episodes if item.end is None or item.end > begin]
    if not any(point.mentions for point in points):
        notice("info", words("radar.quiet"), words("radar.quiet_action"))
        return
    _summary(words, points, episodes)
    _charts(words, radar, points, episodes)
    if episodes:
        zone = visitors_zone()
        st.subheader(words("radar.surges"), anchor=False)
        for number, episode in reversed(list(enumerate(episodes, start=1))):
            surge.card(words, number, episode, zone)


def _read(context: Context, airline: str | None, period: timedelta) -> Radar:
    """The period that ends with the series; the API by itself gives a week of it.

    Raises:
        ApiError: there is no answer.
    """
    radar = context.client.radar(airline)
    if radar.to is None or radar.from_ is None or radar.to - period >= radar.from_:
        return radar
    return context.client.radar(airline, radar.to - period)


def _filters(words: Catalogue, airlines: Sequence[str]) -> None:
    with st.container(key="filters", horizontal=True, vertical_alignment="bottom"):
        st.selectbox(
            words("radar.airline"),
            [ALL, *airlines],
            format_func=lambda name: (
                words("radar.all") if name == ALL else name or words("radar.unnamed")
            ),
            key="airline",
        )
        st.segmented_control(
            words("radar.period"),
            list(PERIODS),
            format_func=lambda name: words(f"radar.period_{name}"),
            default=FIRST_PERIOD,
            required=True,
            key="period",
        )


def _summary(words: Catalogue, points: Sequence[Point], episodes: Sequence[Episode]) -> None:
    mentions = sum(point.mentions for point in points)
    share = sum(point.negative_sum for point in points) / mentions
    going_on = sum(episode.end is None for episode in episodes)
    figures = {
        "mentions": words.number(mentions),
        "share": words.percent(share),
        "surges": words.number(len(episodes)),
    }
    tiles = "".join(
        f"<div><dt>{escape(words(f'radar.figure_{name}'))}</dt><dd>{escape(value)}</dd></div>"
        for name, value in figures.items()
    )
    st.html(f"<dl class='figures'>{tiles}</dl>")
    # Always one element, so that what follows keeps its place and an opened table stays open.
    with st.container():
        if going_on:
            notice("problem", words("radar.now"), words("radar.now_action"))
        elif not any(point.expected is not None for point in points):
            notice("info", words("radar.learning"), words("radar.learning_action"))
        elif not episodes:
            notice("good", words("radar.calm"))


def _charts(
    words: Catalogue, radar: Radar, points: Sequence[Point], episodes: Sequence[Episode]
) -> None:
    zone = visitors_zone()
    length = steps.length_for(points, timedelta(seconds=radar.bucket_seconds))
    joined = list(steps.steps(points, length, coverage=radar.band, zone=zone))
    minutes = int(length.total_seconds() // 60)
    unit = words("radar.hours", count=minutes // 60) if minutes >= 60 else ""
    each = unit or words("radar.minutes", count=minutes)
    said = words(
        "radar.said",
        surges="; ".join(
            words(
                "radar.said_surge",
                number=number,
                start=words.moment(episode.start, zone),
                end=words.moment(episode.end, zone) if episode.end else words("radar.open"),
            )
            for number, episode in enumerate(episodes, start=1)
        )
        or words("radar.calm"),
    )
    radar_chart.draw(words, joined, length, episodes, zone, said)
    band = words.percent(radar.band)
    st.html(f"<p class='small'>{escape(words('radar.reading', each=each, band=band))}</p>")
    with st.expander(words("chart.table")):
        table(
            [words(f"radar.{name}") for name in ("when", "mentions", "count", "share", "usual")],
            [_figures(words, step, zone) for step in reversed(joined) if step.mentions],
        )


def _figures(words: Catalogue, step: steps.Step, zone: tzinfo) -> list[str]:
    usual = step.usual_share
    return [
        words.moment(step.start, zone),
        words.number(step.mentions),
        words.number(step.negatives),
        words.percent(step.share) if step.share is not None else "",
        f"{words.percent(usual.low)} – {words.percent(usual.high)}" if usual else "",
    ]

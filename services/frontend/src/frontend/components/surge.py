"""One surge: when, how strong, what drives it, what was said."""

from datetime import tzinfo
from html import escape

import streamlit as st

from frontend.api.radar import Driver, Episode
from frontend.components.notice import with_commands
from frontend.i18n import Catalogue

MOST_DRIVERS = 8


def card(words: Catalogue, number: int, episode: Episode, zone: tzinfo) -> None:
    """Show a surge under the number that it has in the charts."""
    end = words.moment(episode.end, zone) if episode.end else words("radar.open")
    span = words("radar.span", start=words.moment(episode.start, zone), end=end)
    seen = words(
        "radar.seen",
        peak=words.moment(episode.peak, zone),
        alarm=words.moment(episode.alarm, zone),
    )
    strength = words(
        "radar.strength",
        ratio=words.number(episode.ratio, 1),
        count=words.number(episode.negatives),
        expected=words.number(episode.expected, 1),
        share=words.percent(episode.share),
        usual=words.percent(episode.expected_share),
    )
    settled = f"<p class='small'>{escape(words('radar.settled'))}</p>" if episode.settled else ""
    st.html(
        f"<section class='surge{' open' if episode.end is None else ''}'>"
        f"<h3><span class='badge'>{number}</span> {escape(span)}</h3>"
        f"<p>{escape(strength)}</p>{_drivers(words, episode)}{_samples(words, episode, zone)}"
        f"<p class='small'>{escape(seen)}</p>{settled}</section>"
    )


def _drivers(words: Catalogue, episode: Episode) -> str:
    if not episode.drivers:
        return f"<p class='small'>{escape(words('radar.no_drivers'))}</p>"
    chips = "".join(_chip(words, driver) for driver in episode.drivers[:MOST_DRIVERS])
    return f"<h4>{escape(words('radar.drivers'))}</h4><ul class='chips'>{chips}</ul>"


def _chip(words: Catalogue, driver: Driver) -> str:
    said = words(
        "radar.driver",
        count=words.number(driver.count),
        ratio=words.number(driver.ratio, 1),
    )
    name = f"{words('radar.topic')} {driver.name}" if driver.kind == "topic" else driver.name
    return f"<li><b dir='auto'>{escape(name)}</b> <span>{escape(said)}</span></li>"


def _samples(words: Catalogue, episode: Episode, zone: tzinfo) -> str:
    if not episode.samples:
        return f"<p class='small'>{with_commands(words('radar.no_samples'))}</p>"
    quotes = "".join(
        f"<li><q dir='auto'>{escape(sample.text)}</q> <span class='small'>"
        f"{escape(sample.airline)} · {escape(words.moment(sample.created_at, zone))}</span></li>"
        for sample in episode.samples
    )
    return f"<h4>{escape(words('radar.samples'))}</h4><ul class='quotes'>{quotes}</ul>"

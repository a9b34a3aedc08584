"""How good the answers are: by verdicts, by the model's own word, and how fast."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from html import escape

import streamlit as st

from frontend.api.quality import Judged, JudgedLabels, Quality, Slice
from frontend.components import drift
from frontend.components.frame import failure, opening
from frontend.components.notice import notice
from frontend.components.quality_chart import accuracy_by_day, in_words
from frontend.components.table import table
from frontend.context import Context, visitors_zone
from frontend.errors import ApiError, UnreachableError
from frontend.i18n import Catalogue

PERIODS = {"week": timedelta(days=7), "month": timedelta(days=30)}
FIRST_PERIOD = "week"
LEAST_AUDITS = 30
"""Below, an interval is as wide as a third, and labels may be missing altogether."""


def render(context: Context) -> None:
    """Draw the page."""
    words = context.words
    opening(context, "quality")
    if isinstance(context.service, UnreachableError):
        return
    period = st.segmented_control(
        words("radar.period"),
        list(PERIODS),
        format_func=lambda name: words(f"radar.period_{name}"),
        default=FIRST_PERIOD,
        required=True,
        key="quality-period",
    )
    try:
        quality = context.client.quality(datetime.now(UTC) - PERIODS[period or FIRST_PERIOD])
    except ApiError as error:
        failure(context, error)
        return
    if not quality.total.predictions:
        notice("info", words("quality.nothing"), words("quality.nothing_action"))
        return
    _figures(words, quality)
    judged = quality.total.audits.accuracy.total + quality.total.volunteered.accuracy.total
    if not judged:
        notice("info", words("quality.unjudged"), words("quality.unjudged_action"))
    accuracy_by_day(words, quality.days, visitors_zone())
    st.html(f"<p class='small'>{escape(words('quality.reading'))}</p>")
    _skipped(words, quality.total.audits)
    if judged:
        _labels(words, quality)
    _slices(words, "quality.version", quality.versions)
    _slices(words, "quality.language", quality.languages)
    try:
        drift.show(words, context.client.drift())
    except ApiError as error:
        failure(context, error)


def _figures(words: Catalogue, quality: Quality) -> None:
    total, p95 = quality.total, quality.latency.p95
    figures = {
        "predictions": words.number(total.predictions),
        "audits": in_words(words, total.audits.accuracy),
        "volunteered": in_words(words, total.volunteered.accuracy),
        "expected": in_words(words, total.expected),
        "latency": "–" if p95 is None else words("quality.ms", count=words.number(p95 * 1000)),
    }
    tiles = "".join(
        f"<div><dt>{escape(words(f'quality.{name}'))}</dt><dd>{_large(value)}</dd></div>"
        for name, value in figures.items()
    )
    st.html(f"<dl class='figures wide'>{tiles}</dl>")


def _skipped(words: Catalogue, audits: Judged) -> None:
    """Say how far the audits that nobody could judge may move the share of right answers."""
    low, high = audits.if_skipped_were_wrong, audits.if_skipped_were_right
    if audits.skipped and low is not None and high is not None:
        said = words(
            "quality.skipped",
            count=words.number(audits.skipped),
            low=words.percent(low),
            high=words.percent(high),
        )
        st.html(f"<p class='small'>{escape(said)}</p>")


def _large(value: str) -> str:
    """A figure with its interval, which stands smaller below it."""
    first, bracket, rest = value.partition(" (")
    return escape(first) + (f"<small>{escape(bracket.strip() + rest)}</small>" if bracket else "")


def _labels(words: Catalogue, quality: Quality) -> None:
    """Confusion, precision and recall: of audits where there are enough, else of all else."""
    audited = quality.total.audits.accuracy.total >= LEAST_AUDITS
    judged = quality.audits if audited else quality.volunteered
    kind = words("quality.audits" if audited else "quality.volunteered")
    st.html(f"<h2>{escape(words('quality.confusion', kind=kind))}</h2>")
    _confusion(words, judged)
    st.html(f"<h2>{escape(words('quality.by_label', kind=kind))}</h2>")
    table(
        [words(f"quality.{name}") for name in ("label", "precision", "recall")],
        [
            (words.label(one.label), in_words(words, one.precision), in_words(words, one.recall))
            for one in judged.labels
        ],
    )


def _confusion(words: Catalogue, judged: JudgedLabels) -> None:
    labels = [one.label for one in judged.labels]
    counts = {(cell.predicted, cell.actual): cell.count for cell in judged.confusion}
    unknown = any(cell.actual is None for cell in judged.confusion)
    actual: list[str | None] = [*labels, None] if unknown else list(labels)
    table(
        [
            words("quality.predicted"),
            *(words("quality.unknown") if name is None else words.label(name) for name in actual),
        ],
        [
            [
                words.label(predicted),
                *(words.number(counts.get((predicted, name), 0)) for name in actual),
            ]
            for predicted in labels
        ],
    )


def _slices(words: Catalogue, key: str, slices: Sequence[Slice]) -> None:
    if not slices:
        return
    st.html(f"<h2>{escape(words(f'{key}_title'))}</h2>")
    table(
        [
            words(key),
            *(words(f"quality.{name}") for name in ("predictions", "audits", "volunteered")),
        ],
        [
            (
                one.name or words("quality.no_language"),
                words.number(one.predictions),
                in_words(words, one.audits.accuracy),
                in_words(words, one.volunteered.accuracy),
            )
            for one in slices
        ],
    )

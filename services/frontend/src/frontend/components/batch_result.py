"""What a file of tweets says as a whole, with the answers to take away and what had none."""

from collections import Counter, defaultdict
from html import escape

import streamlit as st

from frontend.batch import download
from frontend.batch.job import Job
from frontend.components import charts, shares
from frontend.components.notice import notice
from frontend.components.table import table
from frontend.i18n import Catalogue

MOST_GROUPS = 30
LISTED = 20
QUOTED = 5
GROUP_NAMES = ("airline", "compagnie", "brand", "marque", "topic", "language", "source")
LABEL_TO_WATCH = "negative"


def show(words: Catalogue, job: Job) -> None:
    """Show the counts, a comparison by column, the worst tweets, the files, the bad rows."""
    answered = job.answered()
    if answered:
        counts = job.counts()
        labels = list(answered[0][2].probabilities)
        st.subheader(words("batch.result", count=words.number(len(answered))), anchor=False)
        doubtful = sum(prediction.uncertain for _, _, prediction in answered)
        bars = shares.counted(words, {label: counts[label] for label in labels})
        if doubtful:
            said = words("batch.uncertain", count=words.number(doubtful))
            bars += f"<p class='small'>{escape(said)}</p>"
        st.html(f"<section class='card'>{bars}</section>")
        st.download_button(
            words("batch.download"),
            lambda: download.results(job),
            download.file_name(job, "sentiment"),
            "text/csv",
            key="download",
            type="primary",
            icon=":material/download:",
            on_click="ignore",
        )
        _groups(words, job, labels)
        _worst(words, job)
    if job.bad:
        _bad(words, job)


def _groups(words: Catalogue, job: Job, labels: list[str]) -> None:
    """Compare what stands in a column of the file, where one has few enough values."""
    answered = job.answered()
    columns = [
        place
        for place in range(len(job.table.columns))
        if place != job.column
        and 1 < len({row.cells[place] for row, _, _ in answered}) <= MOST_GROUPS
    ]
    if not columns:
        return
    names = [job.table.columns[place].lower() for place in columns]
    likely = next((names.index(name) for name in GROUP_NAMES if name in names), 0)
    column = st.selectbox(
        words("batch.compare"),
        columns,
        index=likely,
        format_func=lambda place: (
            job.table.columns[place] or words("batch.unnamed", number=place + 1)
        ),
        key="group",
    )
    groups: dict[str, Counter[str]] = defaultdict(Counter)
    for row, _, prediction in answered:
        groups[row.cells[column] or words("batch.blank")][prediction.label] += 1
    charts.grouped_shares(words, labels, groups, title=words("batch.compare_chart"))


def _worst(words: Catalogue, job: Job) -> None:
    worst = sorted(
        (
            (prediction.probabilities[LABEL_TO_WATCH], text)
            for _, text, prediction in job.answered()
            if prediction.label == LABEL_TO_WATCH
        ),
        reverse=True,
    )[:QUOTED]
    if worst:
        items = "".join(
            f"<li><span class='share'>{escape(words.percent(share))}</span>"
            f"<q dir='auto'>{escape(text)}</q></li>"
            for share, text in worst
        )
        st.html(f"<h2>{escape(words('batch.worst'))}</h2><ul class='quotes'>{items}</ul>")


def _bad(words: Catalogue, job: Job) -> None:
    count = len(job.bad)
    notice("warning", words("batch.bad_title", count=words.number(count)), words("batch.bad_help"))
    rows = [
        (
            words.number(row.line),
            words(f"batch.bad.{row.reason}") + (f" ({row.detail})" if row.detail else ""),
        )
        for row in job.bad[:LISTED]
    ]
    table((words("batch.line"), words("batch.reason")), rows, numbers=1)
    if count > LISTED:
        more = words("batch.more", count=words.number(count - LISTED))
        st.html(f"<p class='small'>{escape(more)}</p>")
    st.download_button(
        words("batch.download_bad"),
        lambda: download.bad_rows(job),
        download.file_name(job, "not-read"),
        "text/csv",
        key="download-bad",
        icon=":material/download:",
        on_click="ignore",
    )

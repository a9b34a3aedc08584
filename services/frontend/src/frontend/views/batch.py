"""A file of tweets: what it says as a whole, and the answers to take away."""

import csv
import io
from html import escape

import streamlit as st

from frontend.api.answers import ModelInfo
from frontend.batch.job import Job
from frontend.batch.reading import MAX_ROWS, NEVER, Table, texts
from frontend.batch.refusal import FileRefusedError
from frontend.batch.upload import Upload
from frontend.components import batch_result
from frontend.components.frame import opening
from frontend.components.notice import notice, problem
from frontend.context import Context
from frontend.i18n import Catalogue
from frontend.session import Session

FILE = "file"
COLUMN = "column"
MOST_MEGABYTES = 20
TICK_SECONDS = 0.3
STEP_SECONDS = 0.8
PREVIEWED = 3
EXAMPLE_AIRLINE = "Air Paradis"


def render(context: Context) -> None:
    """Draw the page."""
    words, session = context.words, context.session
    opening(context, "batch")
    upload = session.upload
    if upload is None:
        _uploader(words, session)
        return
    if upload.job is not None:
        _scored(context, upload.job)
    elif upload.table is not None:
        _choose(context, upload, upload.table)
    elif upload.refusal is not None:
        _refused(words, upload.name, upload.refusal)
    if upload.job is None or upload.job.stopped or upload.job.finished:
        st.button(
            words("batch.another"),
            key="another",
            type="tertiary",
            icon=":material/restart_alt:",
            on_click=_drop,
            args=(session,),
        )


def _uploader(words: Catalogue, session: Session) -> None:
    st.file_uploader(
        words("batch.field"),
        type=["csv", "tsv", "txt"],
        key=FILE,
        max_upload_size=MOST_MEGABYTES,
        on_change=_take,
        args=(session,),
    )
    limits = words("batch.limit", rows=words.number(MAX_ROWS), megabytes=MOST_MEGABYTES)
    st.html(f"<p class='small'>{escape(limits)}</p>")
    _example_file(words, session)


def _take(session: Session) -> None:
    file = st.session_state[FILE]
    if file is not None:
        session.upload = Upload.of(file.name, file.getvalue())


def _drop(session: Session) -> None:
    session.upload = None


def _refused(words: Catalogue, name: str, refusal: FileRefusedError) -> None:
    values = {key: words.number(value) for key, value in refusal.values.items()}
    message = f"batch.refused.{refusal.reason}"
    notice(
        "problem",
        words("batch.refused_title", name=name),
        words(f"{message}.what", **values),
        words(f"{message}.mend", **values),
    )


def _example_file(words: Catalogue, session: Session) -> None:
    st.html(
        f"<h2>{escape(words('batch.example_title'))}</h2><p>{escape(words('batch.example_help'))}</p>"
        f"<pre class='file'>{escape(example(words))}</pre>"
    )
    st.button(
        words("batch.example"),
        key="example-file",
        icon=":material/description:",
        on_click=_take_example,
        args=(words, session),
    )


def example(words: Catalogue) -> str:
    """A file as this page reads it, in the visitor's language."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["text", "airline"])
    writer.writerows([text, EXAMPLE_AIRLINE] for text in words.examples)
    return stream.getvalue()


def _take_example(words: Catalogue, session: Session) -> None:
    session.upload = Upload.of(words("batch.example_name"), example(words).encode())


def _choose(context: Context, upload: Upload, table: Table) -> None:
    """Ask which column holds the tweets, show that it does, and begin."""
    words, guess = context.words, table.text_column()
    column = st.selectbox(
        words("batch.column"),
        range(len(table.columns)),
        index=guess,
        format_func=lambda place: table.columns[place] or words("batch.unnamed", number=place + 1),
        key=COLUMN,
        placeholder=words("batch.choose"),
    )
    if guess is None:
        notice("info", words("batch.no_column"), words("batch.no_column_action"))
    if column is None:
        return
    good, bad = texts(table, column)
    unread = len(table.bad) + len(bad)
    quotes = "".join(f"<li dir='auto'>{escape(text)}</li>" for _, text in good[:PREVIEWED])
    found = words(
        "batch.found",
        tweets=words.number(len(good)),
        bad=words.number(unread),
        encoding=table.encoding,
        delimiter=words(f"batch.delimiter.{_DELIMITER_NAMES[table.delimiter]}"),
    )
    st.html(
        f"<h2>{escape(upload.name)}</h2><p>{escape(found)}</p><ul class='preview'>{quotes}</ul>"
    )
    st.button(
        words("batch.start", count=words.number(len(good))),
        key="start",
        type="primary",
        disabled=not good or not isinstance(context.service, ModelInfo),
        on_click=_begin,
        args=(upload, table, column),
    )


_DELIMITER_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar", NEVER: "none"}


def _begin(upload: Upload, table: Table, column: int) -> None:
    upload.job = Job(table, column)


def _scored(context: Context, job: Job) -> None:
    if not job.stopped and not job.finished:
        _advance(context, job)
        return
    if job.stopped:
        _stopped(context, job)
    batch_result.show(context.words, job)


@st.fragment(run_every=TICK_SECONDS)
def _advance(context: Context, job: Job) -> None:
    """Score a little at each tick, so that a click in between is heard."""
    words = context.words
    bar = st.empty()
    _bar(words, job, bar)
    st.button(words("batch.stop"), key="stop", icon=":material/pause:", on_click=job.stop)
    job.step(context.client, STEP_SECONDS)
    _bar(words, job, bar)
    if job.finished or job.stopped:
        st.rerun()


def _bar(words: Catalogue, job: Job, place: st.delta_generator.DeltaGenerator) -> None:
    said = words("batch.progress", done=words.number(job.done), total=words.number(job.total)) + (
        " " + words("batch.busy") if job.waiting else ""
    )
    place.progress(job.done / job.total, text=said)


def _stopped(context: Context, job: Job) -> None:
    words = context.words
    left = words.number(job.total - job.done)
    if job.failure is None:
        notice("info", words("batch.stopped", left=left))
    else:
        problem(words, job.failure, context.client.base_url)
        notice("info", words("batch.stopped_by_itself", left=left))
    st.button(
        words("batch.resume"),
        key="resume",
        type="primary",
        icon=":material/play_arrow:",
        on_click=job.resume,
    )

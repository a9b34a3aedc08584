"""One tweet: what the model reads in it, and what the visitor says of that."""

from html import escape

import streamlit as st

from frontend.api.answers import ModelInfo
from frontend.components.frame import demonstration
from frontend.components.notice import notice, problem
from frontend.components.result import result_card
from frontend.components.verdict import verdict_panel
from frontend.context import Context
from frontend.errors import ApiError, BusyError, TimedOutError, UnavailableError
from frontend.i18n import Catalogue
from frontend.outbox import Delivery, State
from frontend.session import Analysis, Session

LONGEST_TWEET = 1000
"""Characters: a tweet has 280, yet written-out links and HTML entities make a copy longer."""

TWEET = "tweet"


def render(context: Context) -> None:
    """Draw the page."""
    words, session = context.words, context.session
    st.title(words("analyse.title"), anchor=False)
    st.html(f"<p class='lead'>{escape(words('analyse.lead'))}</p>")
    service_notice = st.container()
    if TWEET not in st.session_state:  # another page was on show, where the field is not
        st.session_state[TWEET] = session.analysis.text if session.analysis else ""
    _form(words, session)
    if session.requested is not None:
        _analyse(context, session.requested)
    with service_notice:
        if isinstance(context.service, ModelInfo):
            demonstration(words, context.service)
        elif session.failure is None:  # else the failure itself says the same below
            problem(words, context.service, context.client.base_url)
    _earlier(context)
    if session.failure is not None:
        _failure(context, session.failure)
    if session.analysis is None:
        _examples(words, session)
        return
    result_card(words, session.analysis)
    verdict_panel(context, session.analysis)
    st.button(
        words("analyse.again"),
        key="again",
        type="tertiary",
        icon=":material/restart_alt:",
        on_click=_start_over,
        args=(session,),
    )


def _form(words: Catalogue, session: Session) -> None:
    with st.form("analyse", border=False):
        st.text_area(
            words("analyse.field"),
            key=TWEET,
            max_chars=LONGEST_TWEET,
            placeholder=words("analyse.placeholder"),
            height=120,
        )
        with st.container(key="submit", horizontal=True, vertical_alignment="center"):
            st.form_submit_button(
                words("analyse.submit"),
                key="read",
                type="primary",
                on_click=_request,
                args=(session,),
            )
            limit = escape(words("analyse.limit", limit=words.number(LONGEST_TWEET)))
            st.html(f"<p class='small'>{limit}</p>", width="content")


def _request(session: Session, text: str | None = None) -> None:
    """Have a tweet analysed in the run that follows: the one given, else the one in the form."""
    if text is not None:
        st.session_state[TWEET] = text
    session.requested = st.session_state[TWEET]


def _analyse(context: Context, text: str) -> None:
    context.session.requested = None
    if not text.strip():
        notice("info", context.words("analyse.empty"))
        return
    with st.spinner(context.words("analyse.working")):
        try:
            analysis = _read(context, text)
        except ApiError as error:
            context.session.fail(text, error)
        else:
            context.session.show(analysis)


def _read(context: Context, text: str) -> Analysis:
    """Read a tweet with its words; without them where the service has no time to weigh them.

    Raises:
        ApiError: it cannot be read at all.
    """
    try:
        return Analysis(text, context.client.explain(text))
    except (BusyError, TimedOutError, UnavailableError) as error:
        return Analysis(text, context.client.predict(text), unexplained=error)


def _failure(context: Context, failure: ApiError) -> None:
    problem(context.words, failure, context.client.base_url)
    if failure.retryable:
        st.button(
            context.words("analyse.retry"),
            key="retry",
            icon=":material/refresh:",
            on_click=_request,
            args=(context.session, context.session.failed_text),
        )


def _examples(words: Catalogue, session: Session) -> None:
    with st.container(key="examples"):
        st.html(f"<h2>{escape(words('analyse.examples'))}</h2>")
        for index, text in enumerate(words.examples):
            st.button(
                text,
                key=f"example-{index}",
                width="stretch",
                on_click=_request,
                args=(session, text),
            )


def _earlier(context: Context) -> None:
    """Say what became of verdicts on tweets no longer on show, until it is good."""
    words, unsettled = context.words, context.session.unsettled()
    waiting = sum(item.state is State.WAITING for item in unsettled)
    if waiting == 1:
        notice("warning", words("verdict.waiting"), words("earlier.waiting_one"))
    elif waiting:
        notice("warning", words("verdict.waiting"), words("earlier.waiting_many", count=waiting))
    refused = [item for item in unsettled if item.state is State.REFUSED]
    for item in refused:
        if item.failure is not None:
            kind = "refused_verdict" if item.failure.kind == "refused" else ""
            url = context.client.base_url
            problem(words, item.failure, url, title=words("earlier.refused"), kind=kind)
    if refused:
        st.button(
            words("earlier.dismiss"), key="dismiss", on_click=_dismiss, args=(context, refused)
        )


def _dismiss(context: Context, refused: list[Delivery]) -> None:
    context.session.earlier = [item for item in context.session.earlier if item not in refused]


def _start_over(session: Session) -> None:
    st.session_state[TWEET] = ""
    session.show(None)

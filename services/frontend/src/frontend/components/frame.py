"""What surrounds every view: brand, language switch, what is being served."""

from base64 import b64encode
from collections.abc import Sequence
from html import escape
from importlib.resources import as_file, files

import streamlit as st

from frontend.api.answers import ModelInfo
from frontend.components.notice import problem
from frontend.context import Context
from frontend.errors import ApiError
from frontend.i18n import LANGUAGES, Catalogue, best_language, catalogue

LANGUAGE = "language"
MARK = files("frontend").joinpath("mark.svg")
DEMO_COMMAND = "make demo DATA=path/to/tweets.csv"


def style() -> None:
    """Add the page's style sheet."""
    with as_file(files("frontend").joinpath("style.css")) as path:
        st.html(path)


def header() -> Catalogue:
    """Show the brand and the language switch.

    Returns:
        The words of the language chosen: by the visitor, by `?language=` in the address, or else
        by the browser.
    """
    with st.container(
        key="header",
        horizontal=True,
        horizontal_alignment="distribute",
        vertical_alignment="center",
    ):
        brand = st.empty()
        language = st.segmented_control(
            "Language / Langue",
            list(LANGUAGES),
            format_func=LANGUAGES.__getitem__,
            default=_first_language(),
            required=True,
            key=LANGUAGE,
            on_change=_remember_language,
            label_visibility="collapsed",
        )
    words = catalogue(language or _first_language())
    mark = b64encode(MARK.read_bytes()).decode()
    brand.html(
        f"<div class='brand'><img src='data:image/svg+xml;base64,{mark}' alt=''>"
        f"<span><b>{escape(words('app.brand'))}</b> <i>{escape(words('app.name'))}</i></span></div>"
    )
    # Streamlit's page says that it is in English; a screen reader would read French with it.
    st.html(
        f"<script>document.documentElement.lang = '{words.language}'</script>",
        unsafe_allow_javascript=True,
    )
    return words


def navigation(words: Catalogue, pages: Sequence[st.Page], here: st.Page) -> None:
    """Links to all pages; they keep the language, so that a reload or a shared link has it too."""
    with st.container(key="pages", horizontal=True):
        for page in pages:
            # Streamlit does not say which link leads to the page on show, so the key does.
            with st.container(
                key=f"page-{'here' if page is here else page.url_path}", width="content"
            ):
                st.page_link(page, label=page.title, query_params={LANGUAGE: words.language})


def opening(context: Context, view: str) -> None:
    """Title and purpose of a page, and what there is to know of the service before using it."""
    words = context.words
    st.title(words(f"{view}.title"), anchor=False)
    st.html(f"<p class='lead'>{escape(words(f'{view}.lead'))}</p>")
    if isinstance(context.service, ModelInfo):
        demonstration(words, context.service)
    else:
        problem(words, context.service, context.client.base_url)


def failure(context: Context, error: ApiError) -> None:
    """Explain why a part of the page is missing, unless its opening says the same already."""
    service = context.service
    if not isinstance(service, ApiError) or service.kind != error.kind:
        problem(context.words, error, context.client.base_url)


def demonstration(words: Catalogue, model: ModelInfo) -> None:
    """Say that a model is only for demonstration, while it is, and how to get a real one."""
    if not model.demonstration:
        return
    st.html(
        f"<details class='demonstration'><summary><span class='tag'>"
        f"{escape(words('demonstration.title'))}</span> {escape(words('demonstration.body'))} "
        f"<u>{escape(words('demonstration.how'))}</u></summary>"
        f"<p>{escape(words('demonstration.steps'))}</p><pre>{escape(DEMO_COMMAND)}</pre></details>"
    )


def _first_language() -> str:
    asked = st.query_params.get(LANGUAGE)
    return asked if asked in LANGUAGES else best_language(st.context.locale)


def _remember_language() -> None:
    """Put a choice into the address, so that a reload or a shared link keeps it."""
    st.query_params[LANGUAGE] = st.session_state[LANGUAGE]

"""A visitor's pseudonym: given once, kept for the visit, sent with verdicts and handled alerts.

It is kept in no address, which people share, and not in the browser, which they may share too.
"""

import re
from html import escape

import streamlit as st

from frontend.components.notice import notice
from frontend.i18n import Catalogue
from frontend.session import Session

FIELD = "reviewer"
LONGEST = 64
PSEUDONYM = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]*")
"""What the API takes for one, up to `LONGEST` characters: no name with a space or an accent."""


def current(session: Session) -> str | None:
    """The visitor's pseudonym as the field says it now; None without one.

    A click may come with the text that was typed before it, so whoever sends it asks here.
    """
    if FIELD in st.session_state:  # else a page without the field was on show, and it stays
        typed = st.session_state[FIELD].strip()
        session.reviewer = typed if PSEUDONYM.fullmatch(typed) else ""
    return session.reviewer or None


def reviewer_field(words: Catalogue, session: Session) -> None:
    """Ask for a pseudonym, folded away, and say that it must be no name."""
    name = current(session)
    if FIELD not in st.session_state:
        st.session_state[FIELD] = session.reviewer
    typed = st.session_state[FIELD].strip()
    refused = bool(typed) and name is None
    title = words("reviewer.given", name=name) if name else words("reviewer.title")
    with st.container(key="pseudonym"), st.expander(title, expanded=refused):
        st.text_input(words("reviewer.field"), key=FIELD, max_chars=LONGEST, autocomplete="off")
        if refused:
            notice("warning", words("reviewer.refused"), words("reviewer.refused_action"))
        st.html(f"<p class='small'>{escape(words('reviewer.help'))}</p>")

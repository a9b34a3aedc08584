"""Short messages in a coloured frame, announced to screen readers."""

import re
from html import escape
from typing import Literal

import streamlit as st

from frontend.errors import ApiError
from frontend.i18n import Catalogue

Tone = Literal["info", "good", "warning", "problem"]


def notice(tone: Tone, title: str, *paragraphs: str, small: str = "") -> None:
    """Show a message.

    Args:
        tone: how urgent it is; a problem interrupts a screen reader.
        title: the message in a few words.
        paragraphs: what it means and what to do; plain text, with commands between backticks.
        small: a technical remark below.
    """
    role = "alert" if tone == "problem" else "status"
    body = "".join(f"<p>{with_commands(text)}</p>" for text in paragraphs if text)
    if small:
        body += f"<p class='small'>{escape(small)}</p>"
    st.html(
        f"<div class='notice {tone}' role='{role}'><strong>{escape(title)}</strong>{body}</div>"
    )


def problem(
    words: Catalogue, error: ApiError, url: str, *, title: str = "", kind: str = ""
) -> None:
    """Explain a failed call: what happened, what to do, and what the service itself says.

    Args:
        words: the visitor's language.
        error: the failure.
        url: the API's address, for messages that name it.
        title: said instead of the failure's own title.
        kind: key of the message, when it is not the failure's own.
    """
    kind = kind or error.kind
    notice(
        "problem",
        title or words(f"problem.{kind}.title"),
        words(f"problem.{kind}.title") + "." if title else "",
        words(f"problem.{kind}.action", url=url),
        small=words("problem.says", detail=error.detail) if error.detail else "",
    )


def with_commands(text: str) -> str:
    """Plain text as HTML, with commands between backticks set as such."""
    return re.sub("`(.+?)`", r"<code>\1</code>", escape(text))

"""Whether tweets are as they were, feature by feature."""

from html import escape

import streamlit as st

from frontend.api.drift import Drift
from frontend.components.notice import notice
from frontend.components.table import table
from frontend.i18n import Catalogue


def show(words: Catalogue, drift: Drift) -> None:
    """Show the verdict and the figures behind it."""
    st.html(f"<h2>{escape(words('drift.title'))}</h2>")
    if drift.state == "too-few":
        notice(
            "info", words("drift.too_few"), words("drift.too_few_action", **_counts(words, drift))
        )
        return
    if drift.state == "drifted":
        notice("warning", words("drift.drifted"), words("drift.drifted_action"))
    else:
        notice("good", words("drift.steady"), words("drift.windows", **_counts(words, drift)))
    table(
        [words(f"drift.{name}") for name in ("feature", "state", "index", "by_chance")],
        [
            (
                words.messages.get(f"drift.of_{one.feature}", one.feature),
                words(f"drift.state_{one.state}"),
                words.number(one.stability_index, 3),
                words.number(one.by_chance, 3),
            )
            for one in drift.features
        ],
    )
    st.html(f"<p class='small'>{escape(words('drift.reading'))}</p>")


def _counts(words: Catalogue, drift: Drift) -> dict[str, str]:
    return {
        "reference": words.number(drift.reference.texts),
        "reference_needed": words.number(drift.reference.needed),
        "current": words.number(drift.current.texts),
        "current_needed": words.number(drift.current.needed),
    }

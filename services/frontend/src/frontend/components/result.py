"""What the model says of a tweet."""

from html import escape

import streamlit as st

from frontend.i18n import Catalogue
from frontend.session import Analysis

TONES = {"negative", "neutral", "positive"}


def tone(label: str) -> str:
    """The style class of a label; labels that are not of a sentiment share one."""
    return label if label in TONES else "other"


def result_card(words: Catalogue, analysis: Analysis) -> None:
    """Show label, probabilities, cautions and the model's name and version."""
    prediction = analysis.prediction
    cautions = []
    if prediction.uncertain:
        cautions.append(words("result.uncertain"))
    if prediction.truncated:
        cautions.append(words("result.truncated", count=prediction.token_count))
    model = words("result.model", name=prediction.model_name, version=prediction.model_version)
    st.html(
        f"<section class='result {tone(prediction.label)}' "
        f"aria-label='{_attribute(words, 'heading')}'>"
        f"<blockquote dir='auto' aria-label='{_attribute(words, 'tweet')}'>"
        f"{escape(analysis.text)}</blockquote>"
        f"<p class='mood'><span>{escape(words('result.mood'))}</span> "
        f"<strong>{escape(words.label(prediction.label))}</strong></p>"
        f"{_bars(words, prediction.probabilities, prediction.label)}"
        + "".join(f"<p class='caution'>{escape(text)}</p>" for text in cautions)
        + f"<p class='small'>{escape(model)}</p></section>"
    )


def _bars(words: Catalogue, probabilities: dict[str, float], best: str) -> str:
    rows = "".join(
        f"<li class='{tone(label)}{' best' if label == best else ''}'>"
        f"<span class='name'>{escape(words.label(label))}</span>"
        f"<span class='track' aria-hidden='true'><span style='width:{share:.2%}'></span></span>"
        f"<span class='share'>{escape(words.percent(share))}</span></li>"
        for label, share in probabilities.items()
    )
    return f"<ul class='bars' aria-label='{_attribute(words, 'shares')}'>{rows}</ul>"


def _attribute(words: Catalogue, key: str) -> str:
    return escape(words(f"result.{key}"), quote=True)

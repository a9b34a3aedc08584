"""What the model says of a tweet."""

from html import escape

import streamlit as st

from frontend.api.answers import Explanation
from frontend.components import words as weights
from frontend.components.shares import bars, tone
from frontend.i18n import Catalogue
from frontend.session import Analysis


def result_card(words: Catalogue, analysis: Analysis) -> None:
    """Show label, probabilities, cautions and the model's name and version."""
    prediction = analysis.prediction
    quoted, legend = escape(analysis.text), ""
    if isinstance(prediction, Explanation):
        quoted = weights.coloured(words, analysis.text, prediction)
        legend = weights.legend(words, analysis.text, prediction)
    cautions = []
    if prediction.uncertain:
        cautions.append(words("result.uncertain"))
    if analysis.unexplained is not None:
        cautions.append(words("result.unexplained"))
    if prediction.truncated:
        cautions.append(words("result.truncated", count=prediction.token_count))
    shares = bars(
        words, prediction.probabilities, best=prediction.label, name=words("result.shares")
    )
    model = words("result.model", name=prediction.model_name, version=prediction.model_version)
    st.html(
        f"<section class='result {tone(prediction.label)}' "
        f"aria-label='{_attribute(words, 'heading')}'>"
        f"<blockquote dir='auto' aria-label='{_attribute(words, 'tweet')}'>"
        f"{quoted}</blockquote>{legend}"
        f"<p class='mood'><span>{escape(words('result.mood'))}</span> "
        f"<strong>{escape(words.label(prediction.label))}</strong></p>"
        f"{shares}"
        + "".join(f"<p class='caution'>{escape(text)}</p>" for text in cautions)
        + f"<p class='small'>{escape(model)}</p></section>"
    )


def _attribute(words: Catalogue, key: str) -> str:
    return escape(words(f"result.{key}"), quote=True)

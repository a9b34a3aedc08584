"""The conversation about a prediction: right, wrong and what instead, and second thoughts."""

import streamlit as st

from frontend.api.answers import Judgement, QueuedReceipt
from frontend.components.notice import notice, problem
from frontend.components.reviewer import current, reviewer_field
from frontend.context import Context
from frontend.outbox import Delivery, State
from frontend.session import Analysis, Step

CANNOT_SAY = ""
"""The choice of somebody who knows that the label is wrong and not which one is right."""


def verdict_panel(context: Context, analysis: Analysis) -> None:
    """Ask for a verdict on the tweet on show, or say what became of it."""
    with st.container(key="verdict"):
        match analysis.step:
            case Step.ASKING:
                _ask(context, analysis)
            case Step.CORRECTING:
                _ask_correction(context, analysis)
            case Step.ANSWERED if analysis.delivery is not None:
                _acknowledge(context, analysis, analysis.delivery)


def _ask(context: Context, analysis: Analysis) -> None:
    words = context.words
    st.subheader(words("verdict.question"), anchor=False)
    consent = _consent(context, analysis)
    with st.container(horizontal=True, key="verdict-buttons"):
        st.button(
            words("verdict.right"),
            key="right",
            icon=":material/check:",
            on_click=_give,
            args=(context, analysis, "confirmed", None, consent),
        )
        st.button(
            words("verdict.wrong"),
            key="wrong",
            icon=":material/close:",
            on_click=_go_to,
            args=(analysis, Step.CORRECTING),
        )
        if analysis.delivery is not None:
            st.button(
                words("verdict.keep"),
                key="keep",
                type="tertiary",
                on_click=_go_to,
                args=(analysis, Step.ANSWERED),
            )
    reviewer_field(words, context.session)


def _ask_correction(context: Context, analysis: Analysis) -> None:
    words = context.words
    prediction = analysis.prediction
    others = [label for label in prediction.probabilities if label != prediction.label]
    choice = st.radio(
        words("verdict.correction"),
        [*others, CANNOT_SAY],
        index=None,
        format_func=lambda label: words.label(label) if label else words("verdict.cannot_say"),
        key=f"correction-{prediction.id}",
    )
    consent = _consent(context, analysis)
    with st.container(horizontal=True, key="correction-buttons"):
        # Nothing is chosen beforehand and nothing is sent by choosing: the second click of a
        # double click on "wrong" must not land on a label.
        st.button(
            words("verdict.send"),
            key="send",
            type="primary",
            disabled=choice is None,
            on_click=_give,
            args=(context, analysis, "rejected", choice or None, consent),
        )
        st.button(
            words("verdict.back"),
            key="back",
            type="tertiary",
            on_click=_go_to,
            args=(analysis, Step.ASKING),
        )
    reviewer_field(words, context.session)


def _consent(context: Context, analysis: Analysis) -> bool:
    delivery = analysis.delivery
    return st.checkbox(
        context.words("verdict.consent"),
        value=delivery is not None and delivery.verdict.text is not None,
        key=f"consent-{analysis.prediction.id}",
        help=context.words("verdict.consent_help"),
        # Once kept, a text is not given back by a verdict without it.
        disabled=delivery is not None and delivery.has_text,
    )


def _acknowledge(context: Context, analysis: Analysis, delivery: Delivery) -> None:
    words = context.words
    said = _in_words(context, delivery)
    if isinstance(delivery.receipt, QueuedReceipt):
        unchecked = words("verdict.queued_text") if delivery.has_text else ""
        notice("good", words("verdict.queued"), said, words("verdict.queued_action"), unchecked)
    elif delivery.receipt is not None:
        first = delivery.receipt.revision == 1
        notice(
            "good",
            words("verdict.delivered")
            if first
            else words("verdict.revised", revision=delivery.receipt.revision),
            said,
            words("verdict.text_kept" if delivery.receipt.text_kept else "verdict.text_not_kept"),
        )
    elif delivery.state is State.REFUSED and delivery.failure is not None:
        refused = delivery.failure.kind == "refused"
        problem(
            words,
            delivery.failure,
            context.client.base_url,
            title=words("verdict.refused"),
            kind="refused_verdict" if refused else "",
        )
    else:
        notice("warning", words("verdict.waiting"), said, words("verdict.waiting_action"))
    with st.container(horizontal=True, key="answered-buttons"):
        if delivery.state is State.WAITING:
            st.button(words("verdict.send_now"), key="send-now")  # each run tries the outbox
        st.button(
            words("verdict.change"),
            key="change",
            type="tertiary",
            icon=":material/undo:",
            on_click=_go_to,
            args=(analysis, Step.ASKING),
        )


def _in_words(context: Context, delivery: Delivery) -> str:
    words, verdict = context.words, delivery.verdict
    if verdict.corrected_label is not None:
        return words("verdict.corrected", label=words.label(verdict.corrected_label))
    return words(f"verdict.{verdict.verdict}")


def _go_to(analysis: Analysis, step: Step) -> None:
    analysis.step = step


def _give(
    context: Context,
    analysis: Analysis,
    judgement: Judgement,
    corrected_label: str | None,
    consent: bool,
) -> None:
    reviewer = current(context.session)
    delivery = analysis.answer(judgement, corrected_label, consent=consent, reviewer=reviewer)
    if delivery is not None:
        context.outbox.post(delivery, context.client)

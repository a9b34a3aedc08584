"""What to judge next: answers drawn at random, then those that the model is least sure of."""

from html import escape

import streamlit as st

from frontend.api.answers import Judgement, Verdict
from frontend.api.audit import AuditItem
from frontend.components.frame import failure, opening
from frontend.components.notice import notice, problem
from frontend.components.reviewer import current, reviewer_field
from frontend.components.shares import bars, tone
from frontend.context import Context, visitors_zone
from frontend.errors import ApiError, UnreachableError
from frontend.i18n import Catalogue
from frontend.outbox import Delivery, State
from frontend.session import Session

CANNOT_SAY = ""
ITEMS = 20


def render(context: Context) -> None:
    """Draw the page."""
    words, session = context.words, context.session
    opening(context, "audit")
    if isinstance(context.service, UnreachableError):
        return
    _last(context)
    try:
        page = context.client.audit(ITEMS, current(session))
    except ApiError as error:
        failure(context, error)
        return
    if page.texts_kept != "all":
        notice("info", words("audit.no_texts"), words(f"audit.no_texts_{page.texts_kept}"))
    done = _done(session)
    waiting = [item for item in page.items if item.prediction_id not in done]
    if waiting:
        _item(context, waiting[0])
        more = "+" if page.next else ""
        left = words("audit.left", count=words.number(len(waiting)) + more)
        st.html(f"<p class='small'>{escape(left)}</p>")
    else:
        notice("good", words("audit.empty"), words("audit.empty_action"))
    reviewer_field(words, session)


def _done(session: Session) -> set[str]:
    """What the visitor has judged, and skipped under the pseudonym of now.

    The API leaves these out too, once they have arrived.
    """
    said = [delivery.verdict for delivery in session.audited]
    reviewer = current(session)
    return {
        verdict.prediction_id
        for verdict in said
        if verdict.verdict != "skipped" or verdict.reviewer == reviewer
    }


def _last(context: Context) -> None:
    """Say what became of verdicts that have not arrived, and thank for the last one that has."""
    words, audited = context.words, context.session.audited
    for delivery in audited:
        if delivery.state is State.REFUSED and delivery.failure is not None:
            kind = "refused_verdict" if delivery.failure.kind == "refused" else ""
            url = context.client.base_url
            problem(words, delivery.failure, url, title=words("verdict.refused"), kind=kind)
    if any(delivery.state is State.WAITING for delivery in audited):
        notice("warning", words("verdict.waiting"), words("verdict.waiting_action"))
    elif audited and audited[-1].state in (State.DELIVERED, State.QUEUED):
        count = sum(item.state in (State.DELIVERED, State.QUEUED) for item in audited)
        notice("good", words("audit.noted", count=words.number(count)))


def _item(context: Context, item: AuditItem) -> None:
    """Show a prediction and ask what is right."""
    words = context.words
    quoted = (
        f"<blockquote dir='auto'>{escape(item.text)}</blockquote>"
        if item.text is not None
        else f"<p class='caution'>{escape(words('audit.text_missing'))}</p>"
    )
    blind = _is_blind(item)
    moment = words.moment(item.created_at, visitors_zone())
    known = f"audit.drawn_{item.drawn}" in words.messages
    why = words(f"audit.drawn_{item.drawn}") if known else item.drawn
    st.html(
        f"<section class='result {'' if blind else tone(item.label)}'>{quoted}"
        f"{'' if blind else _answer(words, item)}"
        f"<p class='small'>{escape(why)} · {escape(moment)}</p></section>"
    )
    choice = st.radio(
        words("audit.question"),
        list(item.probabilities) if blind else [*item.probabilities, CANNOT_SAY],
        index=None,
        format_func=lambda label: words.label(label) if label else words("audit.none_of_these"),
        key=f"audit-{item.prediction_id}",
        horizontal=True,
    )
    with st.container(horizontal=True, key="audit-buttons"):
        st.button(
            words("verdict.send"),
            key="judge",
            type="primary",
            disabled=choice is None,
            on_click=_judge,
            args=(context, item, choice),
        )
        st.button(words("audit.skip"), key="skip", on_click=_give, args=(context, item, "skipped"))


def _is_blind(item: AuditItem) -> bool:
    """Whether it is judged without the model's answer, as random audits are.

    People lean to what they have been shown, and the model would look better than it is.
    """
    return item.drawn == "random"


def _answer(words: Catalogue, item: AuditItem) -> str:
    shares = bars(words, item.probabilities, best=item.label, name=words("result.shares"))
    return (
        f"<p class='mood'><span>{escape(words('result.mood'))}</span> "
        f"<strong>{escape(words.label(item.label))}</strong></p>{shares}"
    )


def _judge(context: Context, item: AuditItem, choice: str) -> None:
    if choice == item.label:
        _give(context, item, "confirmed")
    else:
        _give(context, item, "rejected", choice or None)


def _give(
    context: Context, item: AuditItem, judgement: Judgement, corrected: str | None = None
) -> None:
    delivery = Delivery(
        Verdict(
            prediction_id=item.prediction_id,
            verdict=judgement,
            corrected_label=corrected,
            reviewer=current(context.session),
            blind=_is_blind(item),
        )
    )
    context.session.audited.append(delivery)
    context.outbox.post(delivery, context.client)

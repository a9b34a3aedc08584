"""What the service has found to be wrong, for somebody to look after."""

from collections.abc import Mapping
from datetime import tzinfo
from html import escape
from typing import Any

import streamlit as st

from frontend.api.alerts import Alert
from frontend.api.client import Handling
from frontend.components.frame import failure, opening
from frontend.components.notice import notice, problem, with_commands
from frontend.components.reviewer import current, reviewer_field
from frontend.context import Context, visitors_zone
from frontend.errors import ApiError, UnreachableError
from frontend.i18n import Catalogue

REFRESH_SECONDS = 30
TONES = {"open": "problem", "acknowledged": "warning", "resolved": "info"}


def render(context: Context) -> None:
    """Draw the page."""
    opening(context, "alerts")
    if not isinstance(context.service, UnreachableError):
        _watch(context)


@st.fragment(run_every=REFRESH_SECONDS)
def _watch(context: Context) -> None:
    """The part that looks again by itself."""
    words = context.words
    everything = st.toggle(words("alerts.all"), key="everything")
    if context.session.alert_failure is not None:
        problem(words, context.session.alert_failure, context.client.base_url)
    try:
        found = context.client.alerts(unresolved=not everything)
    except ApiError as error:
        failure(context, error)
        return
    zone = visitors_zone()
    unresolved = any(alert.state != "resolved" for alert in found)
    if not unresolved:
        notice("good", words("alerts.none"), words("alerts.none_action"))
    for alert in found:
        _card(context, alert, zone)
    if unresolved:
        reviewer_field(words, context.session)
    if everything and not found:
        st.html(f"<p class='small'>{escape(words('alerts.no_past'))}</p>")


def _card(context: Context, alert: Alert, zone: tzinfo) -> None:
    words = context.words
    known = f"alerts.kind.{alert.kind}" in words.messages
    title = words(f"alerts.kind.{alert.kind}" if known else "alerts.kind.other", kind=alert.kind)
    mend = words(f"alerts.mend.{alert.kind}") if known else ""
    lines = [escape(_said(words, alert)), escape(_handled(words, alert, zone))]
    if mend and alert.state != "resolved":
        lines.append(f"<b>{escape(words('alerts.what'))}</b> {with_commands(mend)}")
    since = words("alerts.opened", moment=words.moment(alert.opened_at, zone))
    seen = words("alerts.seen", moment=words.moment(alert.last_seen_at, zone))
    with st.container(key=f"alert-{alert.id}"):
        st.html(
            f"<section class='notice {TONES[alert.state]}'><strong>{escape(title)} "
            f"<span class='state'>{escape(words(f'alerts.state_{alert.state}'))}</span></strong>"
            + "".join(f"<p>{line}</p>" for line in lines if line)
            + f"<p class='small'>{escape(since)}, {escape(seen)}</p></section>"
        )
        if alert.state != "resolved":
            _buttons(context, alert)


def _buttons(context: Context, alert: Alert) -> None:
    steps: list[Handling] = ["acknowledge", "resolve"] if alert.state == "open" else ["resolve"]
    with st.container(horizontal=True):
        for step in steps:
            st.button(
                context.words(f"alerts.{step}"),
                key=f"{step}-{alert.id}",
                type="primary" if step == steps[0] else "secondary",
                on_click=_handle,
                args=(context, alert, step),
            )


def _handle(context: Context, alert: Alert, step: Handling) -> None:
    context.session.alert_failure = None
    try:
        context.client.handle_alert(alert.id, step, current(context.session))
    except ApiError as error:
        context.session.alert_failure = error


def _said(words: Catalogue, alert: Alert) -> str:
    """The figures in the visitor's language; the service's own line where they are others."""
    key = f"alerts.said.{alert.kind}"
    try:
        return words(key, subject=alert.key, **_values(words, alert.details))
    except KeyError:
        return alert.summary


def _values(words: Catalogue, details: Mapping[str, Any]) -> dict[str, str]:
    values = {}
    for name, value in details.items():
        if isinstance(value, bool) or not isinstance(value, int | float):
            continue
        if name.endswith("_share"):
            values[name] = words.percent(value)
        else:
            values[name] = _number(words, value)
        if name == "seconds":
            values["minutes"] = _number(words, value / 60)
    return values


def _number(words: Catalogue, value: float) -> str:
    return words.number(value, 0 if float(value).is_integer() else 1)


def _handled(words: Catalogue, alert: Alert, zone: tzinfo) -> str:
    if alert.resolved_at is not None:
        who = alert.resolved_by or alert.resolved_key or words("alerts.somebody")
        return words(
            "alerts.resolved",
            who=words("alerts.system") if who == "system" else who,
            moment=words.moment(alert.resolved_at, zone),
        )
    if alert.acknowledged_at is not None:
        return words(
            "alerts.acknowledged",
            who=alert.acknowledged_by or alert.acknowledged_key or words("alerts.somebody"),
            moment=words.moment(alert.acknowledged_at, zone),
        )
    return ""

"""Looks again every few seconds while something is missing, so that the page mends itself."""

import time

import streamlit as st

from frontend.context import Context
from frontend.errors import ApiError

SECONDS = 5.0


def needed(context: Context) -> bool:
    """Whether the service is away or a verdict waits for it."""
    return isinstance(context.service, ApiError) or context.session.is_waiting()


@st.fragment(run_every=SECONDS)
def heartbeat(context: Context, drawn_at: float) -> None:
    """Try the service and the outbox again, and draw the page anew when either has come good.

    Args:
        context: the run that drew the page.
        drawn_at: when that was (`time.monotonic`); the fragment's first call is part of that run,
            which has just tried both itself.
    """
    if time.monotonic() - drawn_at < SECONDS / 2:
        return
    waited = context.session.is_waiting()
    context.outbox.flush(context.client)
    mended = waited and not context.session.is_waiting()
    if isinstance(context.service, ApiError) and not mended:
        try:
            context.client.model()
            mended = True
        except ApiError as error:
            mended = error.kind != context.service.kind  # another message is due
    if mended:
        st.rerun()

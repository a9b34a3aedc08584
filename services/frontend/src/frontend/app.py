"""The script that Streamlit runs at every visit and click: the frame, then the view."""

import time
from functools import partial

import streamlit as st

from frontend.api import ApiClient, ModelInfo
from frontend.components import frame
from frontend.components.heartbeat import heartbeat, needed
from frontend.context import Context
from frontend.errors import ApiError
from frontend.outbox import Outbox
from frontend.session import Session
from frontend.settings import api_url
from frontend.views import VIEWS

MODEL_SECONDS = 10


@st.cache_resource
def shared_outbox() -> Outbox:
    """The one outbox of this process."""
    return Outbox()


@st.cache_data(ttl=MODEL_SECONDS, show_spinner=False)
def served_model(url: str, _client: ApiClient) -> ModelInfo:
    """The model at an address; remembered for a few seconds, failures never."""
    return _client.model()


def service(client: ApiClient) -> ModelInfo | ApiError:
    """The model that serves, or why there is none."""
    try:
        return served_model(client.base_url, client)
    except ApiError as error:
        return error


def main() -> None:
    """Draw the page."""
    state = st.session_state
    if "session" not in state:
        state.session, state.client = Session(), ApiClient(api_url())
    frame.style()
    words = frame.header()
    outbox = shared_outbox()
    outbox.flush(state.client)
    context = Context(state.client, outbox, state.session, words, service(state.client))
    pages = [
        st.Page(
            partial(view.render, context),
            title=words(f"view.{view.name}"),
            url_path=view.name,
            default=view is VIEWS[0],
        )
        for view in VIEWS
    ]
    page = st.navigation(pages, position="top" if len(pages) > 1 else "hidden")
    st.set_page_config(
        page_title=f"{page.title} · {words('app.name')} · {words('app.brand')}",
        page_icon=frame.MARK.read_text(encoding="utf-8"),
    )
    page.run()
    if state.session.failure is not None:
        served_model.clear()  # what was just true of the service may no longer be
    if needed(context):
        heartbeat(context, time.monotonic())


main()

"""The script that Streamlit runs at every visit and click: the frame, then the view."""

import time
from functools import partial

import streamlit as st

from frontend.api.answers import ModelInfo
from frontend.api.client import ApiClient
from frontend.components import frame
from frontend.components.heartbeat import heartbeat, needed
from frontend.context import Context
from frontend.errors import ApiError
from frontend.outbox import Outbox
from frontend.session import Session
from frontend.settings import api_key, api_url
from frontend.views import VIEWS


@st.cache_resource
def shared_outbox() -> Outbox:
    """The one outbox of this process."""
    return Outbox()


def service(client: ApiClient) -> ModelInfo | ApiError:
    """The model that serves, or why there is none; asked anew in every run, to be true."""
    try:
        return client.model()
    except ApiError as error:
        return error


def main() -> None:
    """Draw the page."""
    state = st.session_state
    if "session" not in state:
        state.session, state.client = Session(), ApiClient(api_url(), api_key())
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
    page = st.navigation(pages, position="hidden")
    frame.navigation(words, pages, page)
    st.set_page_config(
        page_title=f"{page.title} · {words('app.name')} · {words('app.brand')}",
        page_icon=frame.MARK.read_text(encoding="utf-8"),
    )
    page.run()
    if needed(context):
        heartbeat(context, time.monotonic())


main()

"""What every view is given."""

from dataclasses import dataclass
from datetime import UTC, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st

from frontend.api.answers import ModelInfo
from frontend.api.client import ApiClient
from frontend.errors import ApiError
from frontend.i18n import Catalogue
from frontend.outbox import Outbox
from frontend.session import Session


@dataclass(frozen=True)
class Context:
    """One run of the page for one visitor.

    Attributes:
        service: the model that serves, or why there is none to be had.
    """

    client: ApiClient
    outbox: Outbox
    session: Session
    words: Catalogue
    service: ModelInfo | ApiError


def visitors_zone() -> tzinfo:
    """The time zone of the visitor's browser; UTC where it does not say."""
    try:
        return ZoneInfo(st.context.timezone or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return UTC

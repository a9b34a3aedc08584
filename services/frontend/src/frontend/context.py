"""What every view is given."""

from dataclasses import dataclass

from frontend.api import ApiClient, ModelInfo
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

"""The pages, in the order of the navigation: to add one, write its module and list it here."""

from collections.abc import Callable
from dataclasses import dataclass

from frontend.context import Context
from frontend.views import alerts, analyse, audit, batch, quality, radar


@dataclass(frozen=True)
class View:
    """One page; its title is the message `view.<name>`, its address `/<name>`."""

    name: str
    render: Callable[[Context], None]


VIEWS = (
    View("analyse", analyse.render),
    View("batch", batch.render),
    View("radar", radar.render),
    View("quality", quality.render),
    View("audit", audit.render),
    View("alerts", alerts.render),
)

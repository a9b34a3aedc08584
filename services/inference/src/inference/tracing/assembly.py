"""Tracing as the settings want it: not even imported where nothing takes spans."""

from typing import TYPE_CHECKING

from fastapi import FastAPI

from inference.settings import Settings

if TYPE_CHECKING:
    from inference.tracing.tracing import Tracing


def tracing_of(settings: Settings) -> "Tracing | None":
    """What makes traces; None where nobody takes them."""
    if not (settings.otel_exporter_otlp_endpoint or settings.applicationinsights_connection_string):
        return None
    from inference.tracing.tracing import Tracing, exporters_of

    return Tracing(settings, lambda: exporters_of(settings))


def add_tracing(app: FastAPI, tracing: "Tracing") -> None:
    """Trace the requests of an application; the last that is added, since the outermost."""
    from inference.tracing.middleware import Traced

    app.add_middleware(Traced, tracing=tracing)

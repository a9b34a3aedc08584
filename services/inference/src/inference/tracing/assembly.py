"""Tracing as the settings want it: not even imported where nothing takes spans."""

from typing import TYPE_CHECKING

from fastapi import FastAPI

from inference.settings import Settings

if TYPE_CHECKING:
    from inference.tracing.tracing import Tracing


def tracing_of(settings: Settings) -> "Tracing | None":
    """What makes traces; None where no collector is named."""
    if not settings.otel_exporter_otlp_endpoint:
        return None
    from inference.tracing.tracing import Tracing, otlp_exporters

    return Tracing(settings, lambda: otlp_exporters(settings))


def add_tracing(app: FastAPI, tracing: "Tracing") -> None:
    """Trace the requests of an application; the last that is added, since the outermost."""
    from inference.tracing.middleware import Traced

    app.add_middleware(Traced, tracing=tracing)

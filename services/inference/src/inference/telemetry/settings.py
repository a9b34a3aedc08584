"""Settings of what is told to Application Insights."""

from typing import Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings

from inference.telemetry.connection import ConnectionString


class TelemetrySettings(BaseSettings):
    """Part of the API's settings."""

    applicationinsights_connection_string: str = Field(
        default="",
        repr=False,
        description="connection string of the Application Insights resource that gets events of "
        "verdicts and alerts, figures, and traces; empty: nothing is sent",
    )
    telemetry_backend: Literal["opentelemetry", "opencensus"] = Field(
        default="opentelemetry",
        description="what sends those events and figures: OpenTelemetry, or OpenCensus, which "
        "Microsoft has retired",
    )
    telemetry_metrics_seconds: float = Field(
        default=60.0, ge=1, le=3_600, description="seconds between reports of those figures"
    )

    @field_validator("applicationinsights_connection_string")
    @classmethod
    def _known_resource(cls, value: str) -> str:
        return str(ConnectionString.parse(value)) if value.strip() else ""

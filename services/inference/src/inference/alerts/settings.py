"""Settings of alerts."""

from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings

from inference.alerts.signing import signing_key
from inference.loopback import is_loopback

SLOW_BOUNDS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
"""Durations that the figures of requests tell apart."""


class AlertSettings(BaseSettings):
    """Part of the API's settings."""

    alert_rejections: int = Field(
        default=3,
        ge=0,
        le=1_000,
        description="rejected predictions within ALERT_REJECTIONS_SECONDS that raise an alert; "
        "0: none",
    )
    alert_rejections_seconds: float = Field(
        default=300.0, gt=0, le=86_400, description="the time within which they are counted"
    )
    alert_expected_rejections: float = Field(
        default=0.15,
        ge=0,
        lt=1,
        description="share of rejections among verdicts that is normal; significantly more raise "
        "an alert; 0: none",
    )
    alert_error_share: float = Field(
        default=0.02,
        ge=0,
        le=1,
        description="share of requests that may end in a status of 500 or more within 5 minutes; "
        "1: all",
    )
    alert_slow_share: float = Field(
        default=0.05,
        ge=0,
        le=1,
        description="share of single predictions that may take longer than ALERT_SLOW_SECONDS "
        "within 5 minutes; 1: all",
    )
    alert_slow_seconds: float = Field(
        default=0.5, description="how long that is: 0.1, 0.25, 0.5, 1, 2.5 or 5"
    )
    alert_cooldown_seconds: float = Field(
        default=1_800.0,
        ge=0,
        le=604_800,
        description="time without its condition after which an alert resolves itself, and in "
        "which no other follows one that a person resolved",
    )
    alert_webhook_url: str = Field(
        default="", repr=False, description="address that gets each alert as a POST; empty: none"
    )
    alert_webhook_secret: str = Field(
        default="",
        repr=False,
        description="secret under which those are signed: whsec_ and 24 to 64 bytes in base64",
    )
    alert_webhook_allow_http: bool = Field(
        default=False, description="take an address that begins with http:// on another machine"
    )

    @field_validator("alert_slow_seconds")
    @classmethod
    def _known_duration(cls, value: float) -> float:
        if value not in SLOW_BOUNDS:
            raise ValueError(f"must be one of {', '.join(f'{bound:g}' for bound in SLOW_BOUNDS)}")
        return value

    @model_validator(mode="after")
    def _usable_webhook(self) -> Self:
        if not self.alert_webhook_url:
            return self
        try:
            parts = urlsplit(self.alert_webhook_url)
            host = parts.hostname or ""
        except ValueError:
            host = ""
        if not host or parts.scheme not in ("http", "https"):
            raise ValueError("ALERT_WEBHOOK_URL: must be an address such as https://host/path")
        plain = parts.scheme == "http" and not is_loopback(host)
        if plain and not self.alert_webhook_allow_http:
            raise ValueError(
                "ALERT_WEBHOOK_URL: must begin with https://, or set ALERT_WEBHOOK_ALLOW_HTTP=true"
            )
        try:
            signing_key(self.alert_webhook_secret)
        except ValueError as error:
            raise ValueError(f"ALERT_WEBHOOK_SECRET: {error}") from None
        return self

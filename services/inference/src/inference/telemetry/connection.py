"""The connection string of Application Insights."""

import re
import uuid
from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import urlsplit

from inference.loopback import is_loopback

EXAMPLE: Final = "InstrumentationKey=UUID;IngestionEndpoint=https://…"
_PAIR = re.compile(r"[A-Za-z]+=[^=;]+")


@dataclass(frozen=True)
class ConnectionString:
    """A connection string that was checked.

    Attributes:
        instrumentation_key: names the resource that gets the events.
        ingestion_endpoint: where it takes them, without a slash at the end.
    """

    instrumentation_key: str
    ingestion_endpoint: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a connection string as Azure's portal shows it.

        Stricter than both SDKs where they would fail late, or send to a wrong address.

        Raises:
            ValueError: it is none; the message, which does not repeat it, says why.
        """
        pairs = text.strip().split(";")
        if not all(_PAIR.fullmatch(pair) for pair in pairs):
            raise ValueError(
                f"must be NAME=VALUE pairs with ; between them, not at the end, as in {EXAMPLE}"
            )
        values = {name.lower(): value for name, _, value in (pair.partition("=") for pair in pairs)}
        try:
            key = uuid.UUID(values["instrumentationkey"])
        except (KeyError, ValueError):
            raise ValueError(f"needs an InstrumentationKey that is a UUID: {EXAMPLE}") from None
        endpoint = values.get("ingestionendpoint", "").rstrip("/")
        try:
            parts = urlsplit(endpoint)
            host = parts.hostname or ""
        except ValueError:
            host = ""
        if not host:
            raise ValueError(f"needs an IngestionEndpoint that is an address: {EXAMPLE}")
        if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host)):
            raise ValueError("IngestionEndpoint must begin with https://")
        return cls(str(key), endpoint)

    def __str__(self) -> str:
        return (
            f"InstrumentationKey={self.instrumentation_key};"
            f"IngestionEndpoint={self.ingestion_endpoint}"
        )

"""Where the service is and with which key it is asked."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from urllib.parse import urlsplit

from radar_client.errors import SettingError

URL_VARIABLE = "RADAR_URL"
KEY_VARIABLE = "RADAR_API_KEY"
DEFAULT_URL = "http://127.0.0.1:8000"


@dataclass(frozen=True, slots=True)
class Target:
    """A service.

    Attributes:
        url: its address, without a slash at the end.
        key: access key, or None.
    """

    url: str
    key: str | None = field(repr=False)

    @property
    def headers(self) -> Mapping[str, str]:
        """What every request carries."""
        named = {
            "Accept": "application/json, application/problem+json",
            "User-Agent": f"radar-client/{version('radar-client')}",
        }
        return named | {"Authorization": f"Bearer {self.key}"} if self.key else named


def find_target(url: str | None, key: str | None) -> Target:
    """The service that arguments name, or where they do not, `RADAR_URL` and `RADAR_API_KEY`.

    Raises:
        SettingError: the address is none, or the key could not be a header's value.
    """
    url = url or os.environ.get(URL_VARIABLE) or DEFAULT_URL
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number
        usable = False
    if not usable or parts.query or parts.fragment:
        raise SettingError(
            f"{URL_VARIABLE} must be an address such as {DEFAULT_URL}, without query or fragment"
        )
    if parts.username is not None or parts.password is not None:
        raise SettingError(f"{URL_VARIABLE} must not hold a password: use {KEY_VARIABLE}")
    key = key or os.environ.get(KEY_VARIABLE) or None
    if key is not None and not (key.isascii() and key.isprintable() and " " not in key):
        raise SettingError(f"{KEY_VARIABLE} has characters that no access key has")
    return Target(url.rstrip("/"), key)

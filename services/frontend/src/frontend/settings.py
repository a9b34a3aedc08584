"""Settings from the environment."""

import os
from urllib.parse import urlsplit

DEFAULT_API_URL = "http://127.0.0.1:8000"
DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8501


def api_url() -> str:
    """The API's address, from `API_URL`.

    Raises:
        ValueError: it is not a whole HTTP address.
    """
    url = os.environ.get("API_URL") or DEFAULT_API_URL
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:  # brackets that are no IPv6 address
        usable = False
    if not usable:
        raise ValueError(f"API_URL is {url!r}; it must be like {DEFAULT_API_URL}")
    return url


def api_key() -> str | None:
    """The page's access key, from `API_KEY`; None where the API asks for none.

    Raises:
        ValueError: no header can carry it.
    """
    key = os.environ.get("API_KEY", "").strip()
    if not all("!" <= character <= "~" for character in key):
        raise ValueError("API_KEY has characters that no access key has")
    return key or None

"""Whether a service really answers, asked over HTTP."""

import http.client
from dataclasses import dataclass

from .checks import HOST

TIMEOUT_SECONDS = 5.0
WORK_SECONDS = 15.0
"""For requests that compute: longer than the API itself gives them."""


@dataclass(frozen=True)
class Endpoint:
    """A page that a service answers with 200 when it can do its work."""

    name: str
    port: int
    path: str

    @property
    def address(self) -> str:
        """What a user types into a browser."""
        return f"http://{HOST}:{self.port}"

    def ready(self) -> bool:
        """Whether it answers 200 now."""
        return get(self.port, self.path)[0] == http.client.OK


def get(port: int, path: str) -> tuple[int, bytes]:
    """Status and body of a page on this machine; status 0 where nobody answers."""
    return _ask("GET", port, path, None, TIMEOUT_SECONDS)


def post(port: int, path: str, document: bytes) -> tuple[int, bytes]:
    """The same for a request that sends JSON, which may take longer."""
    return _ask("POST", port, path, document, WORK_SECONDS)


def _ask(
    method: str, port: int, path: str, body: bytes | None, seconds: float
) -> tuple[int, bytes]:
    # Proxies of the environment are not used: they would be asked for this machine's own ports.
    connection = http.client.HTTPConnection(HOST, port, timeout=seconds)
    headers = {} if body is None else {"Content-Type": "application/json"}
    try:
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        return response.status, response.read()
    except (OSError, http.client.HTTPException):
        return 0, b""
    finally:
        connection.close()

"""Whether a service really answers, asked over HTTP."""

import http.client
from dataclasses import dataclass

from .checks import HOST

TIMEOUT_SECONDS = 5.0


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
    """Status and body of a page on this machine; status 0 where nobody answers.

    Proxies of the environment are not used: they would be asked for this machine's own ports.
    """
    connection = http.client.HTTPConnection(HOST, port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read()
    except (OSError, http.client.HTTPException):
        return 0, b""
    finally:
        connection.close()

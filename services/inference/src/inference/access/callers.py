"""Who asks, and what they may ask for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from inference.access.scopes import Scope
from inference.problems import Failure, ServiceError

REALM: Final = "radar"

CALLER: Final = "radar.caller"
"""Where the ASGI scope of a request holds its `Caller`."""

LIMIT_HEADERS: Final = "radar.limit_headers"
"""Where the ASGI scope of a request holds the `RateLimit` headers of its answer."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks.

    Attributes:
        name: name of the key; None where no keys are asked for.
        scopes: what it allows.
    """

    name: str | None
    scopes: frozenset[Scope]

    def require(self, scope: Scope) -> None:
        """Check that this caller may ask for something.

        Raises:
            ServiceError: (scope missing) it may not.
        """
        if scope not in self.scopes:
            raise ServiceError(
                Failure.SCOPE_MISSING,
                f"this needs a key with the scope {scope}",
                headers=challenge(error="insufficient_scope", scope=scope),
            )


ANYBODY: Final = Caller(None, frozenset(Scope))
"""The caller where no keys are asked for."""


def caller_of(request: Mapping[str, Any]) -> Caller | None:
    """The caller that was admitted with a request (its ASGI scope); None before that."""
    caller = request.get(CALLER)
    return caller if isinstance(caller, Caller) else None


def challenge(**parameters: str) -> dict[str, str]:
    """The header that says how to authenticate (RFC 6750, section 3)."""
    said = "".join(f', {name}="{value}"' for name, value in parameters.items())
    return {"WWW-Authenticate": f'Bearer realm="{REALM}"{said}'}

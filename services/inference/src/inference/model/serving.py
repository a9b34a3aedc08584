"""The model that serves now, and the moment of swapping it for another."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from contract.bundle import Bundle
from inference.model.cache import Entry
from inference.problems import Failure, ServiceError

FollowingState = Literal["starting", "loaded", "up-to-date", "held", "absent", "failing"]


@dataclass(frozen=True)
class ServedModel:
    """A verified bundle with the name and version it answers under.

    Attributes:
        bundle: encoder, graph and labels.
        fallback: why its fp32 graph serves in place of its int8 one; None where it does not.
        name: registered name, or the manifest's name for a directory.
        version: registered version, or the start of the manifest's hash for a directory.
        identity: tells it from another model of that version.
        alias: the alias that led here, if any.
        source: where it was taken from, as set by the user.
        entry: its place in the bundle cache; None for a directory.
        loaded_at: when it was verified.
    """

    bundle: Bundle
    fallback: str | None
    name: str
    version: str
    identity: str
    alias: str | None
    source: str
    entry: Entry | None
    loaded_at: datetime


@dataclass(frozen=True)
class Hold:
    """A rollback in force.

    Attributes:
        from_version: what served before it, and is not brought back.
        to_version: what serves in its place.
    """

    from_version: str
    to_version: str


@dataclass(frozen=True)
class Following:
    """How far the follower of a source is.

    Attributes:
        state: `starting`; `loaded`, for a source that does not change; `up-to-date` with the
            alias; `held`, after a rollback; `absent`, while nothing has the alias of a model that
            need not be there; or `failing`, while whatever served before goes on serving.
        last_error: why the last attempt failed; None once one succeeds.
        held: the rollback, while one is in force.
    """

    state: FollowingState = "starting"
    last_error: str | None = None
    held: Hold | None = None


class ServingModel:
    """Holds the current model. Reading it is one attribute, so no request waits for a swap."""

    def __init__(self) -> None:
        self._current: ServedModel | None = None
        self._lock = threading.Lock()
        self._listeners: list[Callable[[ServedModel | None], None]] = []
        self.following = Following()

    @property
    def current(self) -> ServedModel | None:
        """The model that serves, if there is one."""
        return self._current

    def require(self) -> ServedModel:
        """The model that serves; a request keeps it to its end, whatever is swapped meanwhile.

        Raises:
            ServiceError: (model unavailable) there is none.
        """
        served = self._current
        if served is None:
            raise self.unavailable()
        return served

    def unavailable(self) -> ServiceError:
        """The failure of a request while there is no model: why, and how to mend it."""
        reason = self.following.last_error or "the model is still being loaded"
        return ServiceError(
            Failure.MODEL_UNAVAILABLE,
            f"{reason}. If no model was promoted yet: train one with `trainer train`, then "
            "`trainer promote --best`",
            members={"following": {"state": self.following.state}},
            headers={"Retry-After": "5"},
        )

    def on_swap(self, listener: Callable[[ServedModel | None], None]) -> None:
        """Have a function called with each model that begins to serve; None: nothing serves."""
        self._listeners.append(listener)

    def swap(self, served: ServedModel | None) -> None:
        """Serve a model from the next request on; it is verified, hence warm, already."""
        with self._lock:
            self._current = served
            for listener in self._listeners:
                listener(served)

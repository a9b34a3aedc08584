"""The thread that brings the serving model to what its source says, and keeps it there."""

import logging
import random
import threading
from concurrent.futures import Future
from dataclasses import dataclass

from contract.errors import BundleError
from inference.logging import fields
from inference.model.background import give_way
from inference.model.cache import Entry
from inference.model.origin import Origin
from inference.model.registry import RegistryError, Release, UnknownVersionError
from inference.model.serving import Following, FollowingState, Hold, ServedModel, ServingModel
from inference.problems import Failure, ServiceError

FIRST_LOOK_SECONDS = 2.0
"""Pause before the registry's client is imported, when a cached bundle serves: that import takes
seconds of processor time, and the process should be ready first."""
NO_MODEL_SECONDS = 5.0
"""Longest wait between two looks while there is nothing to serve."""
LONGEST_SECONDS = 600.0
STOPPED = "the service is shutting down"

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class FollowerOptions:
    """How a source is followed.

    Attributes:
        spoken: the source as the user wrote it.
        poll_seconds: time between looks at the alias.
        required: whether something has to serve. If not, an alias that names nothing is no
            failure but says that nothing should, and the model before is not kept in memory.
    """

    spoken: str
    poll_seconds: float
    required: bool = True


class Follower:
    """Keeps the serving model at what its source says. Failing, it leaves what serves alone.

    All loading is done in its one thread, which gives way to those that answer requests from the
    moment on that there is something to answer with.
    """

    def __init__(self, serving: ServingModel, origin: Origin, options: FollowerOptions) -> None:
        self._serving = serving
        self._origin = origin
        self._options = options
        self._failures = 0
        self._changing = threading.RLock()  # around what serves, what did, and what is held
        self._previous: ServedModel | Entry | None = None
        self._held: Release | None = None
        self._wanted = threading.Condition()  # around the two below
        self._asked: Future[str | None] | None = None
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="model-follower", daemon=True)

    @property
    def previous_version(self) -> str | None:
        """What a rollback would return to."""
        previous = self._previous
        return previous.version if previous else None

    def start(self) -> None:
        """Begin, in a thread."""
        self._thread.start()

    def stop(self) -> None:
        """Ask the thread to end.

        A download that it is in the middle of is not waited for: it leaves a temporary folder at
        most.
        """
        with self._wanted:
            self._stopping = True
            self._wanted.notify()
        self._thread.join(timeout=1.0)

    def reload(self) -> "Future[str | None]":
        """Have the source looked at now, and a rollback ended if that works.

        Whoever asks before that look begins shares it. One that has begun is not shared: what it
        found may be older than the question.

        Returns:
            Why the look failed, when it has ended; None if what serves is what the source says.
        """
        with self._wanted:
            if self._asked is None:
                self._asked = Future()
                if self._stopping:
                    self._asked.set_result(STOPPED)
                self._wanted.notify()
            return self._asked

    def roll_back(self) -> None:
        """Serve what served before, and hold it until the source says something else.

        Raises:
            ServiceError: (no previous model) there is none, or it can no longer be used.
        """
        with self._changing:
            current, previous = self._serving.current, self._previous
            if current is None or previous is None:
                raise _no_previous("nothing served before what serves now")
            if isinstance(previous, Entry):
                previous = self._reopened(previous)
            try:
                self._origin.held(previous, current)
            except OSError as error:
                # Going back is for emergencies: better until the next restart than not at all.
                _log.error("a restart will undo the rollback", extra=fields(reason=str(error)))
            self._previous = None
            self._held = Release(current.version, current.identity)
            self._swap(previous)
            self._tell("held")
        _log.warning(
            "rolled back",
            extra=fields(name=previous.name, to=previous.version, given_up=current.version),
        )

    def _reopened(self, entry: Entry) -> ServedModel:
        try:
            served = self._origin.reopen(entry)
        except OSError as error:
            raise _no_previous(f"version {entry.version} cannot be read: {error}") from error
        if served is None:
            self._previous = None
            raise _no_previous(f"version {entry.version} no longer verifies; it was removed")
        return served

    def _run(self) -> None:
        delay: float | None = 0.0
        if self._resume():
            delay = min(FIRST_LOOK_SECONDS, self._options.poll_seconds)
        giving_way = False
        while True:
            if self._serving.current and not giving_way:
                give_way()
                giving_way = True
            asked = self._wait(delay)
            if self._stopping:
                break
            reason = self._attempt(asked is not None)
            if asked:
                asked.set_result(reason)
            delay = None if reason is None and self._origin.fixed else self._delay()
        with self._wanted:
            for waiting in (asked, self._asked):
                if waiting and not waiting.done():
                    waiting.set_result(STOPPED)

    def _wait(self, seconds: float | None) -> "Future[str | None] | None":
        """Wait until a look is due or asked for; returns who waits for its outcome."""
        with self._wanted:
            self._wanted.wait_for(lambda: self._stopping or self._asked, seconds)
            asked, self._asked = self._asked, None
        if asked and not asked.set_running_or_notify_cancel():
            return None
        return asked

    def _resume(self) -> bool:
        """Serve what a process before this one did; returns whether that works."""
        record = self._origin.recall()
        if record is None:
            return False
        self._previous = record.previous if self._options.required else None
        try:
            served = self._origin.reopen(record.current)
        except Exception as error:  # such as a disk that fails: the thread must go on looking
            _log.error("the cached bundle cannot be read", extra=fields(reason=str(error)))
            return False
        if served is None:
            return False
        if record.held:
            self._held = Release(record.held.version, record.held.identity)
        self._swap(served)
        return True

    def _attempt(self, asked: bool) -> str | None:
        """One look at the source; returns why it failed, if it did."""
        try:
            self._look(asked)
        except Exception as error:  # whatever it was, the thread must go on looking
            if isinstance(error, UnknownVersionError) and not self._options.required:
                self._retire()
                return None
            self._failures += 1
            expected = isinstance(error, BundleError | RegistryError | OSError)
            reason = str(error) if expected else f"{type(error).__name__}: {error}"
            self._tell("failing", reason)
            _log.error(
                "the model cannot be brought up to date",
                extra=fields(source=self._options.spoken, reason=reason, failures=self._failures),
                exc_info=not expected,
            )
            return reason
        self._failures = 0
        self._tell("loaded" if self._origin.fixed else "up-to-date")
        return None

    def _look(self, asked: bool) -> None:
        release = self._origin.resolve()
        with self._changing:
            if self._is_served(release.identity, asked):
                return
        served = self._origin.load(release)
        with self._changing:
            if self._is_served(release.identity, asked):
                return  # somebody went back from it meanwhile
            self._origin.serves(served)
            if self._options.required:
                self._previous = self._serving.current or self._previous
            self._held = None
            self._swap(served)

    def _is_served(self, identity: str, asked: bool) -> bool:
        """Whether a model needs no loading: it serves, or is not to be brought back."""
        current, held = self._serving.current, self._held
        if current is None:
            return False
        if current.identity == identity:
            if held:  # the source agrees with the rollback, which is over
                self._origin.serves(current)
                self._held = None
            return True
        return held is not None and held.identity == identity and not asked

    def _retire(self) -> None:
        with self._changing:
            if self._serving.current:
                _log.info("no model has the alias", extra=fields(source=self._options.spoken))
                self._serving.swap(None)
            try:
                self._origin.absent()
            except OSError as error:
                _log.error("the bundle cache cannot be written", extra=fields(reason=str(error)))
            self._failures = 0
            self._tell("absent")

    def _swap(self, served: ServedModel) -> None:
        self._serving.swap(served)
        _log.info(
            "a model serves",
            extra=fields(
                name=served.name,
                version=served.version,
                alias=served.alias,
                precision=served.bundle.precision,
            ),
        )

    def _tell(self, state: FollowingState, error: str | None = None) -> None:
        with self._changing:
            current, held = self._serving.current, self._held
            if current and held:
                hold = Hold(from_version=held.version, to_version=current.version)
                self._serving.following = Following("held", error, hold)
            else:
                self._serving.following = Following(state, error)

    def _delay(self) -> float:
        """Seconds to the next look: doubled with each failure, and spread over replicas."""
        if self._serving.current or not self._options.required:
            longest = max(LONGEST_SECONDS, self._options.poll_seconds)
        else:
            longest = NO_MODEL_SECONDS
        doubled = self._options.poll_seconds * 2.0 ** min(max(self._failures - 1, 0), 10)
        return min(doubled, longest) * random.uniform(0.8, 1.2)


def _no_previous(why: str) -> ServiceError:
    return ServiceError(
        Failure.NO_PREVIOUS_MODEL,
        f"{why}. `trainer rollback` moves the alias to the version before, for every replica",
    )

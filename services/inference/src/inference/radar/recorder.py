"""Counting mentions in the store: for the API one request at a time, for a replay a whole file."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, Self, TypeVar

from sqlalchemy import Connection

from inference.problems import Failure, ServiceError
from inference.radar import repository
from inference.radar.mentions import NEGATIVE, Mention, ScoredMention, identity_of
from inference.settings import Settings
from inference.texts import Fingerprints

MINUTES_PER_DAY = 1_440

Result = TypeVar("Result")


class Transactions(Protocol):
    """What does work in a transaction, such as `Store`."""

    def run(self, work: Callable[[Connection], Result], *, read_only: bool = False) -> Result:
        """Do some work in one transaction of its own."""
        ...


@dataclass(frozen=True)
class RecorderOptions:
    """What is kept; see the settings of these names."""

    store_text: Literal["none", "audit", "all"]
    audit_share: float
    radar_days: int

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Those of the settings."""
        return cls(settings.store_text, settings.audit_share, settings.radar_days)


@dataclass(frozen=True)
class Sorted:
    """Mentions by what is to be done with them.

    Attributes:
        new: to be scored and counted, with the identity of each.
        known: how many were counted before, or stand twice among these.
        late: how many are older than what is kept.
    """

    new: Sequence[tuple[Mention, bytes]]
    known: int
    late: int


class Recorder:
    """Counts each mention once. Its work waits for the database, so it belongs in a thread."""

    def __init__(
        self, store: Transactions, fingerprints: Fingerprints, options: RecorderOptions
    ) -> None:
        self._store = store
        self._fingerprints = fingerprints
        self._options = options
        self._pruned_at = 0
        self._random = random.SystemRandom()

    def sort(self, mentions: Sequence[Mention]) -> Sorted:
        """Find those that are new, so that only they are scored.

        Raises:
            ServiceError: (store unavailable) the store does not answer.
        """
        named = [(mention, identity_of(mention, self._fingerprints)) for mention in mentions]

        def look(connection: Connection) -> tuple[set[bytes], int | None]:
            keys = [identity for _, identity in named]
            return repository.known(connection, keys), repository.state(connection).newest

        seen, newest = self._store.run(look, read_only=True)
        first = self.first_minute(newest)
        new, known, late = [], 0, 0
        for mention, identity in named:
            if identity in seen:
                known += 1
            elif mention.minute < first:
                late += 1
            else:
                seen.add(identity)
                new.append((mention, identity))
        return Sorted(new, known, late)

    def record(self, scored: Sequence[ScoredMention]) -> int:
        """Count mentions: all that are new, in one transaction, or after a failure none.

        Returns:
            How many were new.

        Raises:
            ServiceError: (store unavailable) the store does not answer; (invalid request) they
                name more airlines than are told apart.
        """
        samples = [item for item in scored if self._may_keep(item)]

        def work(connection: Connection) -> int:
            added = repository.add(connection, scored, self._fingerprints, samples=samples)
            hour = (repository.state(connection).newest or 0) // 60
            if hour > self._pruned_at:
                repository.prune(connection, self.first_minute(60 * hour))
                self._pruned_at = hour
            return added

        try:
            return self._store.run(work)
        except repository.TooManyAirlinesError:
            raise ServiceError(
                Failure.INVALID_REQUEST,
                f"airline: at most {repository.MAX_AIRLINES} airlines are told apart",
            ) from None

    def first_minute(self, newest: int | None) -> int:
        """The first minute that is kept when the newest mention is of some minute."""
        return (newest or 0) - self._options.radar_days * MINUTES_PER_DAY

    def _may_keep(self, item: ScoredMention) -> bool:
        if item.label != NEGATIVE or self._options.store_text == "none":
            return False
        if self._options.store_text == "audit":
            return self._random.random() < self._options.audit_share
        return True

"""Counting some of the texts that are predicted, beside the requests."""

import random
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final

from contract.bundle import Prediction
from contract.encoding import Encoder
from contract.errors import TextRefusedError
from inference.drift.features import GROUP_TEXTS, Observation, counts_of, word_buckets
from inference.drift.repository import SERVED, group_row
from inference.model.background import give_way
from inference.model.serving import ServedModel
from inference.prediction.repository import NewPrediction
from inference.problems import ServiceError
from inference.store.tables import DRIFT_GROUPS
from inference.store.writer import Rows

BURST: Final = 2_000
"""Texts counted at once after quiet hours, so that a file sent in one go can be compared."""
MOST_VERSIONS: Final = 8
"""Model versions whose texts wait for their group to be full; the oldest makes room."""


class DriftSampler:
    """Takes texts with their predictions, and writes their counts a group at a time.

    No text outlives the moment in which it is counted, and a group that is not full when the
    process ends is dropped.
    """

    def __init__(
        self,
        submit: Callable[[Rows], object],
        per_minute: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Nothing is taken yet.

        Args:
            submit: keeps rows; see `Store.submit`.
            per_minute: texts counted a minute for as long as it lasts; 0: none.
            clock: seconds.
        """
        self._submit = submit
        self._per_second = per_minute / 60
        self._clock = clock
        self._budget = float(BURST)
        self._refilled_at = clock()
        self._groups: OrderedDict[tuple[str, str], list[Observation]] = OrderedDict()
        self._random = random.SystemRandom()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="drift", initializer=give_way)

    def offer(self, served: ServedModel, kept: Sequence[tuple[str, NewPrediction]]) -> None:
        """Take as many of a request's texts as there is budget for; only in the loop's thread.

        Args:
            served: the model that answered.
            kept: each text with its prediction.
        """
        if not self._per_second:
            return
        now = self._clock()
        self._budget = min(BURST, self._budget + (now - self._refilled_at) * self._per_second)
        self._refilled_at = now
        room = int(self._budget)
        if not room:
            return
        taken = list(kept) if len(kept) <= room else self._random.sample(list(kept), room)
        self._budget -= len(taken)
        self._thread.submit(self._count, served, taken)

    def close(self) -> None:
        """End the thread when it has counted what was taken."""
        self._thread.shutdown()

    def _count(self, served: ServedModel, taken: Sequence[tuple[str, NewPrediction]]) -> None:
        key = served.name, served.version
        for text, new in taken:
            try:
                observed = observe(served.bundle.encoder, text, new.prediction, new.language)
            except TextRefusedError:
                continue
            group = self._groups.setdefault(key, [])
            self._groups.move_to_end(key)
            group.append(observed)
            if len(group) == GROUP_TEXTS:
                self._write(key, group)
                group.clear()
        while len(self._groups) > MOST_VERSIONS:
            self._groups.popitem(last=False)

    def _write(self, key: tuple[str, str], group: Sequence[Observation]) -> None:
        row = group_row(*key, SERVED, datetime.now(UTC), counts_of(group))
        with suppress(ServiceError):  # the store is away, and has said so: one group less
            self._submit({DRIFT_GROUPS: [row]})


def observe(encoder: Encoder, text: str, prediction: Prediction, language: str) -> Observation:
    """What is counted of a text.

    Args:
        encoder: of the model.
        text: as it came.
        prediction: what the model said.
        language: of the text.

    Raises:
        TextRefusedError: it is not valid Unicode.
    """
    words, buckets = word_buckets(text)
    return Observation(
        label=prediction.label,
        confidence=prediction.probabilities[prediction.label],
        length=prediction.token_count,
        words=words,
        unknown=encoder.unknown_share(text),
        language=language,
        buckets=buckets,
    )

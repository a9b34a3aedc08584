"""What a model says of many variants of one text, without keeping anybody else waiting."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from contract.bundle import Bundle
from contract.calibration import Probabilities
from contract.encoding import Encoded
from inference.prediction.encoding import TextEncoding
from inference.problems import ServiceError
from inference.scheduling.queue import Priority
from inference.scheduling.scheduler import Scheduler

AT_ONCE: Final = 2
CHUNK_SECONDS: Final = 0.05
"""Variants are queued in chunks that take all threads so long, at most `AT_ONCE` of them. In a busy
service each waits for the queue's patience, a second, before it goes first. So explanations take a
tenth of its time, however many are asked for."""
CHUNK_IDS: Final = 512
"""Ids in a chunk at most: enough for full batches on two threads."""
ENCODED_CHARACTERS: Final = 4_000
"""Characters encoded in one go: a few milliseconds, for which other long texts wait."""
TINY: Final = float(np.finfo(np.float32).tiny)
"""The smallest probability that is told from none: log-odds stay within -87.4 and 87.4."""

_Key = tuple[bytes, bytes | None]


def log_odds(probabilities: npt.NDArray[np.floating], label: int) -> npt.NDArray[np.float64]:
    """Log-odds `[texts]` of one label against the rest, of probabilities `[texts, labels]`.

    The rest is added up from its own probabilities. One less the label's would lose all digits
    where the label is nearly certain: float32 has none beyond 1 - 6e-8.
    """
    bounded = np.maximum(np.asarray(probabilities, np.float64), TINY)
    rest = np.delete(bounded, label, axis=1).sum(axis=1)
    return np.asarray(np.log(bounded[:, label]) - np.log(rest), np.float64)


class Evaluation:
    """Computes variants below the priority of predictions; for the event loop's thread."""

    def __init__(self, encoding: TextEncoding, scheduler: Scheduler) -> None:
        self._encoding = encoding
        self._scheduler = scheduler
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def probabilities(
        self,
        bundle: Bundle,
        whole: tuple[str, Probabilities],
        variants: Sequence[str],
        *,
        expires_at: float,
    ) -> tuple[Probabilities, int]:
        """Probabilities `[variants, labels]` of variants of a text.

        What a model reads alike is computed once. A variant that it reads like the whole text has
        the probabilities of that, which an int8 graph would not give twice: they move with what
        else is in the batch.

        Args:
            bundle: the model.
            whole: the text that the variants are of, and its probabilities `[labels]`.
            variants: texts that `check_text` would accept.
            expires_at: monotonic time after which nobody waits for the answer.

        Returns:
            The probabilities, and how many texts were computed for them.

        Raises:
            ServiceError: the time was up, or the model fails.
        """
        different = list(dict.fromkeys([whole[0], *variants]))
        encoded: list[Encoded] = []
        for part in _parts(different):
            encoded += await self._encoding.encode(bundle, part)
        keys = dict(zip(different, map(_key, encoded), strict=True))
        found = {keys[whole[0]]: np.asarray(whole[1])}
        missing = dict(zip(keys.values(), encoded, strict=True))
        del missing[keys[whole[0]]]
        by_length = sorted(missing.items(), key=lambda entry: entry[1].ids.size)
        for chunk in self._chunks(by_length):
            async with self._turns:
                outcomes = await self._scheduler.run(
                    bundle,
                    [item for _, item in chunk],
                    expires_at=expires_at,
                    priority=Priority.EXPLAIN,
                )
            for (key, _), outcome in zip(chunk, outcomes, strict=True):
                if isinstance(outcome, ServiceError):
                    raise outcome
                found[key] = outcome
        return np.stack([found[keys[variant]] for variant in variants]), len(missing)

    def _chunks(
        self, items: Sequence[tuple[_Key, Encoded]]
    ) -> Iterator[list[tuple[_Key, Encoded]]]:
        """Items in order, in groups of bounded work, of at least one each."""
        chunk: list[tuple[_Key, Encoded]] = []
        ids = 0
        for entry in items:
            speed = self._scheduler.tokens_per_second
            most = min(CHUNK_IDS, speed * CHUNK_SECONDS) if speed else CHUNK_IDS
            size = entry[1].ids.size
            if chunk and ids + size > most:
                yield chunk
                chunk, ids = [], 0
            chunk.append(entry)
            ids += size
        if chunk:
            yield chunk


def _parts(texts: Sequence[str]) -> Iterator[list[str]]:
    """Texts in order, in groups that are encoded in one go, of at least one each."""
    part: list[str] = []
    characters = 0
    for text in texts:
        if part and characters + len(text) > ENCODED_CHARACTERS:
            yield part
            part, characters = [], 0
        part.append(text)
        characters += len(text)
    if part:
        yield part


def _key(encoded: Encoded) -> _Key:
    weights = encoded.weights
    return encoded.ids.tobytes(), None if weights is None else weights.tobytes()

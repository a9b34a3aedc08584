"""Many texts through one bundle, on many threads that share its graph."""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from contract.bundle import TOKEN_BUDGET, Bundle
from contract.calibration import Probabilities
from contract.encoding import Encoded, length_sorted_batches

TEXTS_PER_ENCODING = 256
"""Texts that one thread encodes at a time: a few milliseconds, so that none is waited for long."""
FEATURES_BUDGET = 4 * TOKEN_BUDGET
"""Ids in one batch of a bag-of-features model, whose graph takes microseconds for a text: 22 with
this budget, 31 with a quarter, 23 with four times and 20 with sixteen times, on one core, with
logistic regression of Sentiment140 and 32,768 of its tweets. Encoding one takes 180, in Python."""


@dataclass(frozen=True)
class Scores:
    """What a bundle says of some texts, in their order.

    Attributes:
        probabilities: calibrated, `[texts, labels]`.
        truncated: whether each text was cut, `[texts]`.
    """

    probabilities: Probabilities
    truncated: npt.NDArray[np.bool_]


class ParallelScorer:
    """Threads that encode texts and run batches of like length.

    Batches depend on the texts alone, not on the number of threads or their timing, so scores do
    not either. One scorer may be called from several threads at once; the work of one call then
    fills the gap at the end of another's.
    """

    def __init__(self, bundle: Bundle, threads: int) -> None:
        self._bundle = bundle
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="score")
        self._budget = FEATURES_BUDGET if bundle.manifest.encoder == "features" else TOKEN_BUDGET

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the threads; what has not begun is dropped."""
        self._pool.shutdown(cancel_futures=True)

    def score(self, texts: Sequence[str]) -> Scores:
        """Probabilities of every text.

        Args:
            texts: any number; all their ids are in memory together.

        Raises:
            TextRefusedError: a text is not valid Unicode.
        """
        encoded = self._encode(texts)
        result = np.empty((len(encoded), len(self._bundle.manifest.labels)), np.float32)

        def run(indices: list[int]) -> None:
            result[indices] = self._bundle.probabilities_of([encoded[index] for index in indices])

        lengths = [item.ids.size for item in encoded]
        _settle(
            [
                self._pool.submit(run, indices)
                for indices in length_sorted_batches(lengths, self._budget)
            ]
        )
        truncated = np.fromiter((item.truncated for item in encoded), np.bool_, len(encoded))
        return Scores(result, truncated)

    def _encode(self, texts: Sequence[str]) -> list[Encoded]:
        encode = self._bundle.encoder.encode
        parts = [
            self._pool.submit(encode, texts[start : start + TEXTS_PER_ENCODING])
            for start in range(0, len(texts), TEXTS_PER_ENCODING)
        ]
        _settle(parts)
        return [item for part in parts for item in part.result()]


def _settle(futures: Sequence[Future[Any]]) -> None:
    """Wait for all, or for one that fails, whose error is raised and the rest given up."""
    try:
        # Not `concurrent.futures.wait`, which never hears of what a pool cancels as it closes.
        for future in futures:
            future.result()
    except BaseException:
        for future in futures:
            future.cancel()
        raise

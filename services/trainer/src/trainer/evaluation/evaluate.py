"""Scoring a bundle as it would be served: the contract's text path and ONNX Runtime."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from contract.bundle import Bundle
from contract.calibration import Probabilities
from contract.errors import TextRefusedError
from trainer.data.dataset import Labels, Split
from trainer.errors import DataError
from trainer.evaluation.metrics import Metrics, measure, per_class_report
from trainer.progress import Progress

TEXTS_AT_ONCE = 1_024
"""Texts encoded and run between two reports of progress."""


@dataclass(frozen=True)
class Evaluation:
    """What a bundle makes of labelled texts.

    Attributes:
        labels: ordered label names of the bundle.
        truth: right label of each text `[rows]`, as an index into `labels`.
        probabilities: calibrated probabilities `[rows, labels]`.
        metrics: the figures of these rows.
        seconds: time taken from raw text to probabilities.
    """

    labels: tuple[str, ...]
    truth: Labels
    probabilities: Probabilities
    metrics: Metrics
    seconds: float

    @property
    def tweets_per_second(self) -> float:
        """Texts per second from raw text to probabilities, on the bundle's number of threads."""
        return len(self.truth) / self.seconds

    def report(self) -> dict[str, dict[str, float]]:
        """Precision, recall, F1 and rows of each label."""
        return per_class_report(self.truth, self.probabilities, self.labels)


def evaluate(
    bundle: Bundle, rows: Split, labels: Sequence[str], progress: Progress, *, task: str = "score"
) -> Evaluation:
    """Score a bundle on labelled texts.

    Args:
        bundle: the model, opened and so verified.
        rows: at least one text with its label.
        labels: the names that the rows' labels are indices into; the bundle's own may be more,
            and in another order.
        progress: told of every text done.
        task: what the progress is called.

    Raises:
        DataError: there are no rows, the rows have a label that the bundle has not, or a text is
            not valid Unicode.
    """
    if not len(rows):
        raise DataError("there are no rows to evaluate on: choose another --split or source")
    truth = _as_bundle_labels(rows.labels, labels, bundle.manifest.labels)
    probabilities = np.empty((len(rows), len(bundle.manifest.labels)), np.float32)
    progress.start(task, len(rows))
    started = time.perf_counter()
    for start in range(0, len(rows), TEXTS_AT_ONCE):
        texts = rows.texts[start : start + TEXTS_AT_ONCE]
        try:
            probabilities[start : start + len(texts)] = bundle.probabilities(texts)
        except TextRefusedError as error:
            raise DataError(
                f"a text among rows {start} to {start + len(texts)}: {error}"
            ) from error
        progress.advance(len(texts))
    seconds = time.perf_counter() - started
    return Evaluation(
        bundle.manifest.labels, truth, probabilities, measure(truth, probabilities), seconds
    )


def joined(splits: Sequence[Split]) -> Split:
    """The rows of several splits of one data set, one after the other."""
    texts = [text for split in splits for text in split.texts]
    return Split(texts, np.concatenate([split.labels for split in splits]))


def _as_bundle_labels(truth: Labels, names: Sequence[str], known: Sequence[str]) -> Labels:
    used = [names[index] for index in np.unique(truth)]
    if unknown := [name for name in used if name not in known]:
        raise DataError(
            f"the data have labels the model does not know: {', '.join(unknown)} "
            f"(it knows {', '.join(known)})"
        )
    places = np.array([known.index(name) if name in known else -1 for name in names], np.int64)
    return np.asarray(places[truth])

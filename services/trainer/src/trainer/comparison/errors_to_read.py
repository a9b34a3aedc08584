"""Which mistakes of a model are worth a person's time."""

from dataclasses import dataclass

import numpy as np

from trainer.comparison.results import RecipeResult
from trainer.comparison.runs import HeldOut

MOST = 20


@dataclass(frozen=True)
class ConfidentError:
    """A test row that the best run is sure of and wrong about; never its text.

    Attributes:
        line: number of its line in the data source.
        label: the right one, as the data say.
        predicted: what the model says.
        confidence: the probability it gives that.
        also_wrong: how many of the other recipes are wrong too; where it is all of them, the label
            itself may be wrong.
    """

    line: int
    label: str
    predicted: str
    confidence: float
    also_wrong: int


def errors_to_read(results: list[RecipeResult], rows: HeldOut) -> list[ConfidentError]:
    """The most confident errors of the first result's best run, on the test split."""
    best, *others = results
    probabilities = best.best_run.test
    predicted, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    also_wrong = np.zeros(len(predicted), int)
    for other in others:
        also_wrong += other.best_run.test.argmax(axis=1) != rows.test_truth
    wrong = np.flatnonzero(predicted != rows.test_truth)
    ranked = wrong[np.lexsort((rows.test_lines[wrong], -confidence[wrong]))]
    return [
        ConfidentError(
            line=int(rows.test_lines[row]),
            label=rows.labels[rows.test_truth[row]],
            predicted=rows.labels[predicted[row]],
            confidence=float(confidence[row]),
            also_wrong=int(also_wrong[row]),
        )
        for row in ranked[:MOST]
    ]

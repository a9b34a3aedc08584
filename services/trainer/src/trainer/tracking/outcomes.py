"""What a model made of every test row, kept with its run so that versions can be compared later."""

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

from contract.calibration import Probabilities
from trainer.data.cleaning import normalise
from trainer.data.dataset import Dataset, Labels
from trainer.data.splitting import hash_of
from trainer.evaluation.evaluate import Evaluation

if TYPE_CHECKING:
    from mlflow import MlflowClient

FOLDER = "outcomes"
"""Where among a run's artifacts they lie."""
FILE = "test.npz"

RowHashes = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class Outcomes:
    """Answers to the test rows, in the order of their hashes; no text is kept.

    Attributes:
        test_fingerprint: of the test rows, see `Dataset`.
        labels: ordered label names.
        rows: salted hash of each row's normalised text, ascending, `[rows]`.
        truth: right label of each, as an index into `labels`, `[rows]`.
        probabilities: calibrated probabilities `[rows, labels]`.
    """

    test_fingerprint: str
    labels: tuple[str, ...]
    rows: RowHashes
    truth: Labels
    probabilities: Probabilities

    @classmethod
    def of(cls, dataset: Dataset, test: Evaluation) -> Self:
        """The outcomes of a data set's test split."""
        hashes = [hash_of(normalise(text)) for text in dataset.test.texts]
        rows = np.array(hashes, np.uint64)
        order = np.argsort(rows, kind="stable")
        return cls(
            dataset.test_fingerprint,
            test.labels,
            rows[order],
            test.truth[order],
            test.probabilities[order],
        )

    @property
    def predicted(self) -> Labels:
        """The label given to each row, as an index `[rows]`."""
        return np.asarray(self.probabilities.argmax(axis=1), np.int64)

    def only(self, rows: npt.NDArray[np.bool_]) -> Self:
        """The outcomes of some rows.

        Args:
            rows: which of them `[rows]`.
        """
        return replace(
            self,
            rows=self.rows[rows],
            truth=self.truth[rows],
            probabilities=self.probabilities[rows],
        )

    def write(self, folder: Path) -> None:
        """Write them into a folder of a run's artifacts, which is made."""
        (folder / FOLDER).mkdir()
        np.savez_compressed(
            folder / FOLDER / FILE,
            test_fingerprint=np.array(self.test_fingerprint),
            labels=np.array(self.labels),
            rows=self.rows,
            truth=self.truth,
            probabilities=self.probabilities,
        )


def find_outcomes(client: "MlflowClient", run_id: str) -> Outcomes | None:
    """The outcomes that a run kept; None where it kept none, as runs of long ago."""
    if not client.list_artifacts(run_id, FOLDER):
        return None
    with tempfile.TemporaryDirectory(prefix="outcomes-") as scratch:
        folder = Path(client.download_artifacts(run_id, FOLDER, scratch))
        with np.load(folder / FILE, allow_pickle=False) as kept:
            content: dict[str, Any] = dict(kept)
    return Outcomes(
        str(content["test_fingerprint"]),
        tuple(map(str, content["labels"])),
        content["rows"],
        content["truth"],
        content["probabilities"],
    )

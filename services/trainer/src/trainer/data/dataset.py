"""A cleaned, split set of labelled texts: what every recipe trains on."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Labels = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Split:
    """Texts and their labels `[rows]`, as indices into the data set's ordered label names."""

    texts: Sequence[str]
    labels: Labels

    def __len__(self) -> int:
        return len(self.texts)

    def head(self, rows: int) -> "Split":
        """The first `rows` rows."""
        return Split(self.texts[:rows], self.labels[:rows])


@dataclass(frozen=True)
class Dataset:
    """Three splits that share no user and no text.

    Attributes:
        source: where the rows came from, as given by the user.
        fingerprint: SHA-256, hexadecimal, over all cleaned rows, their labels and splits, before
            any limit on training rows.
        test_fingerprint: the same over the test rows alone; equal fingerprints mean that two
            models' test figures may be compared.
        labels: ordered label names; negative, neutral, positive where these are the labels.
        languages: ISO 639-1 codes, most frequent first.
        is_sample: whether this is the bundled sample, hence a demonstration only.
    """

    source: str
    fingerprint: str
    test_fingerprint: str
    labels: tuple[str, ...]
    languages: tuple[str, ...]
    is_sample: bool
    train: Split
    validation: Split
    test: Split

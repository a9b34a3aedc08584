"""A cleaned, split set of labelled texts: what every recipe trains on."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Labels = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Split:
    """Labelled texts.

    Attributes:
        texts: as cleaning left them, `[rows]`.
        labels: of each an index into the data set's ordered label names, `[rows]`.
        lines: number of each row's first line in its source, counted from 1, `[rows]`; None where
            there is no source.
        owners: hash of each row's user, or of its text where no user is known, `[rows]`; None
            where nothing says which rows belong together.
    """

    texts: Sequence[str]
    labels: Labels
    lines: Labels | None = None
    owners: npt.NDArray[np.uint64] | None = None

    def __len__(self) -> int:
        return len(self.texts)

    def head(self, rows: int) -> "Split":
        """The first `rows` rows."""
        return self.take(np.arange(min(rows, len(self))))

    def take(self, places: Labels) -> "Split":
        """The rows at these places, in this order."""
        lines = None if self.lines is None else self.lines[places]
        owners = None if self.owners is None else self.owners[places]
        return Split([self.texts[place] for place in places], self.labels[places], lines, owners)

    def sample(self, rows: int, seed: int) -> "Split":
        """So many rows with the label shares of the whole; another seed draws others.

        Seed 0 draws nothing: it takes the head, which `trainer.data.splitting.order_rows` has
        ordered by hash and spread over the labels. Every other seed orders anew in the same way.
        """
        if seed == 0 or rows >= len(self):
            return self.head(rows)
        order = np.random.default_rng(seed).permutation(len(self))
        position = np.empty(len(self))
        for label in np.unique(self.labels):
            of_label = order[self.labels[order] == label]
            position[of_label] = (np.arange(len(of_label)) + 0.5) / len(of_label)
        return self.take(np.argsort(position, kind="stable")[:rows])


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

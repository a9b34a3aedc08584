"""Cross-validation folds that share no user."""

from collections.abc import Iterator

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold

from trainer.data.dataset import Labels, Split
from trainer.errors import DataError

Fold = tuple[Labels, Labels]


def folds(rows: Split, count: int, labels: tuple[str, ...], seed: int) -> Iterator[Fold]:
    """Places of the rows to train on and of those to choose by, for each fold.

    Labels are spread as evenly over the folds as users allow: all rows of a user are in one fold,
    and so are all copies of a text where no users are known.

    Args:
        rows: the training split.
        count: of folds, at least 2.
        labels: the label names.
        seed: another one cuts other folds.

    Raises:
        DataError: the rows of a label are too few, or too few users', for so many folds.
    """
    owners = np.unique(rows.texts, return_inverse=True)[1] if rows.owners is None else rows.owners
    for place, name in enumerate(labels):
        held = len(np.unique(owners[rows.labels == place]))
        if held < count:
            raise DataError(
                f"folds={count}: the training rows of label {name!r} are of {held} users or texts: "
                f"give folds={max(2, held)} or less, or leave folds out"
            )
    cut = StratifiedGroupKFold(count, shuffle=True, random_state=seed)
    for train, held_out in cut.split(rows.labels, rows.labels, owners):
        if len(np.unique(rows.labels[train])) < len(labels):  # users differ much in their rows
            raise DataError(f"folds={count} leaves a fold without a label: give another number")
        yield train, held_out

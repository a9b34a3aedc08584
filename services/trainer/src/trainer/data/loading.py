"""From a source to a data set: read, clean, split, check."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from trainer.data.cleaning import drop_repeats, drop_unusable
from trainer.data.dataset import Dataset, Split
from trainer.data.formats import detect_format
from trainer.data.languages import find_languages
from trainer.data.reading import read_table
from trainer.data.report import CleaningReport
from trainer.data.sample import is_sample, locate
from trainer.data.splitting import assign_splits, fingerprint, order_rows
from trainer.data.table import SENTIMENTS, SPLITS
from trainer.errors import DataError
from trainer.progress import Progress

LEAST_EXAMPLES = 10
"""Fewer examples of a label than this teach nothing and measure nothing."""


@dataclass(frozen=True)
class Rows:
    """Cleaned and split rows, before anything is asked of their number.

    Attributes:
        source: as the user gave it.
        is_sample: whether it is the bundled sample.
        labels: ordered label names.
        frame: `line`, `trainer.data.table.COLUMNS` with the final `split`, `key` (the normalised
            text), `owner_hash` and `row_hash`, in the order of `order_rows`.
        report: what cleaning found.
    """

    source: str
    is_sample: bool
    labels: tuple[str, ...]
    frame: pl.DataFrame
    report: CleaningReport

    def split(self, name: str, limit: int | None = None) -> Split:
        """One split, or the head of it, as texts and label indices."""
        rows = self.frame.filter(pl.col("split") == name).head(limit or self.frame.height)
        places = {label: place for place, label in enumerate(self.labels)}
        labels = rows["label"].replace_strict(places, return_dtype=pl.Int64)
        lines = rows["line"].cast(pl.Int64)
        owners = rows["owner_hash"].to_numpy()
        return Split(rows["text"].to_list(), labels.to_numpy(), lines.to_numpy(), owners)


def order_labels(labels: set[str]) -> tuple[str, ...]:
    """Negative, neutral, positive where these are the labels, else by the alphabet."""
    if labels <= set(SENTIMENTS):
        return tuple(label for label in SENTIMENTS if label in labels)
    return tuple(sorted(labels))


def load_rows(
    source: str,
    *,
    text_column: str | None = None,
    label_column: str | None = None,
    progress: Progress,
) -> Rows:
    """Read, clean and split a source, however few rows that leaves.

    Args:
        source: `sample`, or the path of a file (`trainer.data.formats` says which kinds).
        text_column: name of the column of texts, if not `text`.
        label_column: name of the column of labels, if not `label`.
        progress: where to report.

    Raises:
        DataError: the source cannot be read, or no row of it can be used.
    """
    path = locate(source)
    found = detect_format(path, text_column=text_column, label_column=label_column)
    table = read_table(path, found, progress)
    problems = table.problems
    usable = drop_unusable(table.frame, found.labels, problems, progress)
    placed, moved = assign_splits(usable)
    kept = order_rows(drop_repeats(placed, problems).drop("declared_test"))
    report = CleaningReport(
        source=source,
        format=table.format,
        rows_read=table.rows_read,
        rows_kept=kept.height,
        rows_moved=moved,
        problems=problems.problems(),
    )
    if kept.is_empty():
        raise DataError(f"{source} has no usable row ({report.summary()})")
    labels = order_labels(set(kept["label"].unique().to_list()))
    return Rows(source, is_sample(path), labels, kept, report)


def load_dataset(
    source: str,
    *,
    limit: int | None = None,
    seed: int = 0,
    text_column: str | None = None,
    label_column: str | None = None,
    progress: Progress,
) -> tuple[Dataset, CleaningReport]:
    """Load a source to train on.

    Args:
        source: `sample`, or the path of a file (`trainer.data.formats` says which kinds).
        limit: the most training rows; validation and test stay whole, so that figures compare.
        seed: which training rows a limit leaves, see `Split.sample`.
        text_column: name of the column of texts, if not `text`.
        label_column: name of the column of labels, if not `label`.
        progress: where to report.

    Raises:
        DataError: the source cannot be read, or is too small: fewer than two labels, fewer than
            `LEAST_EXAMPLES` of one, or a split without rows of a label.
    """
    rows = load_rows(source, text_column=text_column, label_column=label_column, progress=progress)
    return to_dataset(rows, limit=limit, seed=seed), rows.report


def to_dataset(rows: Rows, *, limit: int | None = None, seed: int = 0) -> Dataset:
    """The data set that rows make, if they suffice.

    Args:
        rows: cleaned and split.
        limit: the most training rows.
        seed: which training rows a limit leaves, see `Split.sample`.

    Raises:
        DataError: as `load_dataset`.
    """
    check_rows(rows)
    frame = rows.frame
    return Dataset(
        source=rows.source,
        fingerprint=fingerprint(frame),
        test_fingerprint=fingerprint(frame.filter(pl.col("split") == "test")),
        labels=rows.labels,
        languages=find_languages(frame),
        is_sample=rows.is_sample,
        train=limited(rows.split("train", limit if seed == 0 else None), limit, seed, rows.labels),
        validation=rows.split("validation"),
        test=rows.split("test"),
    )


def limited(train: Split, limit: int | None, seed: int, labels: Sequence[str]) -> Split:
    """The training rows that a limit leaves, see `Split.sample`; all of them without one.

    Raises:
        DataError: the limit is below 1, or leaves no example of a label.
    """
    if limit is None:
        return train
    if limit < 1:
        raise DataError(f"the limit on training rows is {limit}: give 1 or more")
    sample = train.sample(limit, seed)
    if missing := set(range(len(labels))) - set(sample.labels.tolist()):
        names = ", ".join(repr(labels[place]) for place in sorted(missing))
        raise DataError(f"{len(sample)} training rows hold no example of {names}: raise the limit")
    return sample


def check_rows(rows: Rows) -> None:
    """Refuse rows that no model can be trained and measured on.

    Raises:
        DataError: fewer than two labels, fewer than `LEAST_EXAMPLES` of one, an empty split, or a
            split without rows of a label.
    """
    if len(rows.labels) < 2:
        raise DataError(f"{rows.source} has the one label {rows.labels[0]!r}: two are needed")
    for label in rows.labels:
        lines = rows.frame.filter(pl.col("label") == label)["line"].to_list()
        if len(lines) < LEAST_EXAMPLES:
            raise DataError(
                f"{rows.source} has {len(lines)} of label {label!r}, the first on line "
                f"{min(lines)}: {LEAST_EXAMPLES} are needed; add more or mend the label"
            )
    counts = _counts(rows.frame)
    for split in SPLITS:
        if not any(counts.get((split, label)) for label in rows.labels):
            raise DataError(
                f"the {split} split of {rows.source} is empty: add rows, "
                f"or mark some with {split!r} in a column named split"
            )
        for label in rows.labels:
            if not counts.get((split, label)):
                raise DataError(
                    f"the {split} split of {rows.source} has no row of label {label!r}: add rows, "
                    f"or mark some with {split!r} in a column named split"
                )


def _counts(frame: pl.DataFrame) -> dict[tuple[str, str], int]:
    """Rows by split and label."""
    grouped = frame.group_by("split", "label").len()
    return {(split, label): rows for split, label, rows in grouped.iter_rows()}

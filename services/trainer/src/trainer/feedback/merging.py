"""Adds training rows to a base data set whose validation and test rows stay what they are."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from trainer import defaults
from trainer.data.cleaning import normalise
from trainer.data.dataset import Dataset, Split
from trainer.data.loading import LEAST_EXAMPLES, Rows, to_dataset
from trainer.data.report import ProblemKind
from trainer.data.splitting import fingerprint, hash_of
from trainer.errors import AdditionError
from trainer.feedback.selection import Example, Selection

LARGEST_BROKEN_SHARE = 0.1
"""A file with more unusable rows than this is damaged, or not what it was taken for."""
BROKEN = (
    ProblemKind.UNDECODABLE,
    ProblemKind.UNREADABLE,
    ProblemKind.WRONG_WIDTH,
    ProblemKind.UNKNOWN_LABEL,
)


@dataclass(frozen=True)
class MergeCounts:
    """What became of the rows that were added.

    Attributes:
        base_rows: training rows of the base data, after a limit.
        base_held_out: training rows of the base left out, their text being held-out feedback.
        relabelled: training rows of the base whose text was added with another label, which counts.
        added: rows of further files that train.
        added_left_out: their rows that are of the validation or test split, or held-out feedback.
        feedback: texts of the feedback that train.
        corrections: those among them that the model had got wrong.
        feedback_in_splits: texts of the feedback left out, since validation or test has them.
    """

    base_rows: int
    base_held_out: int
    relabelled: int
    added: int
    added_left_out: int
    feedback: int
    corrections: int
    feedback_in_splits: int


@dataclass(frozen=True)
class Merged:
    """A data set to train on, and how it came about."""

    dataset: Dataset
    counts: MergeCounts


def check_addition(addition: Rows, labels: Collection[str]) -> None:
    """Refuse a file that must not be trained on.

    Raises:
        AdditionError: it has labels that the base has not, too few usable rows, or too many broken.
    """
    report = addition.report
    if unknown := sorted(set(addition.labels) - set(labels)):
        raise AdditionError(
            f"{addition.source} has labels that the base data do not have: {', '.join(unknown)} "
            f"(they have {', '.join(labels)})"
        )
    if report.rows_kept < LEAST_EXAMPLES:
        raise AdditionError(f"{addition.source} is too small: {report.summary()}")
    broken = sum(report.rows(kind) for kind in BROKEN)
    if broken > LARGEST_BROKEN_SHARE * report.rows_read:
        raise AdditionError(
            f"{addition.source}: {broken} of {report.rows_read} rows are broken, which is more "
            f"than {LARGEST_BROKEN_SHARE:.0%}: {report.summary()}"
        )


def merge(
    base: Rows,
    additions: Sequence[Rows],
    feedback: Selection | None,
    *,
    weight: int = defaults.CORRECTION_WEIGHT,
    limit: int | None = None,
    seed: int = 0,
) -> Merged:
    """The base data with more training rows; where a text has several labels, the latest counts.

    Later are, in this order: the base, the further files as given, the feedback. Of the files only
    rows count that their own hashes put into the training split, so that what is validation or
    test in any file stays unseen.

    Args:
        base: whose validation and test rows measure the model.
        additions: further files, already checked.
        feedback: what people said; no text of its held-out part is trained on, wherever it stands;
            None where none was read.
        weight: times a correction is repeated; everything else counts once.
        limit: the most training rows of the base.
        seed: which rows a limit leaves.

    Raises:
        DataError: the base is too small to train on.
    """
    said, never = (feedback.training, feedback.held_out) if feedback else ((), ())
    held_out = {example.key for example in never}
    kept = replace(base, frame=base.frame.filter(~_trains_on(held_out)))
    dataset = to_dataset(kept, limit=limit, seed=seed)
    measured = kept.frame.filter(pl.col("split") != "train")
    texts, users = set(measured["key"]), _users(measured)

    later: dict[str, Example] = {}
    added_left_out = 0
    for addition in additions:
        for text, key, label, user, split in addition.frame.select(
            "text", "key", "label", "user", "split"
        ).iter_rows():
            seen = key in texts or (user is not None and user.lower() in users)
            if split != "train" or seen or key in held_out:
                added_left_out += 1
            else:
                later[key] = Example(text, key, label, correction=False)
    added = len(later)
    trains = [example for example in said if example.key not in texts]
    added -= sum(example.key in later for example in trains)
    later |= {example.key: example for example in trains}
    replaced = kept.frame.filter(_trains_on(later))
    relabelled = sum(
        later[key].label != label for key, label in replaced.select("key", "label").iter_rows()
    )
    counts = MergeCounts(
        base_rows=len(dataset.train),
        base_held_out=base.frame.height - kept.frame.height,
        relabelled=relabelled,
        added=added,
        added_left_out=added_left_out,
        feedback=len(trains),
        corrections=sum(example.correction for example in trains),
        feedback_in_splits=len(said) - len(trains),
    )
    stays = kept.frame.filter(~_trains_on(later))
    merged = replace(
        dataset,
        fingerprint=_fingerprint(stays, list(later.values())),
        train=_joined(dataset, set(replaced["key"]), list(later.values()), weight),
    )
    return Merged(merged, counts)


def _joined(
    dataset: Dataset, replaced: Collection[str], later: Sequence[Example], weight: int
) -> Split:
    """The training rows of the base but for those replaced, and the later ones, repeated."""
    base = dataset.train
    if replaced:
        keys = map(normalise, base.texts)
        stays = [place for place, key in enumerate(keys) if key not in replaced]
        base = base.take(np.array(stays, np.int64))
    repeated = [example for example in later for _ in range(weight if example.correction else 1)]
    labels = [dataset.labels.index(example.label) for example in repeated]
    owners = [hash_of(f"text\t{example.key}") for example in repeated]
    return Split(
        [*base.texts, *(example.text for example in repeated)],
        np.concatenate([base.labels, np.array(labels, np.int64)]),
        # Repetitions of a text belong together.
        owners=None
        if base.owners is None
        else np.concatenate([base.owners, np.array(owners, np.uint64)]),
    )


def _fingerprint(base: pl.DataFrame, later: Sequence[Example]) -> str:
    columns = ("text", "label")
    more = pl.DataFrame(
        {name: [getattr(example, name) for example in later] for name in columns},
        schema=dict.fromkeys(columns, pl.String),
    ).with_columns(split=pl.lit("train"))
    return fingerprint(pl.concat([base.select("text", "label", "split"), more]))


def _trains_on(keys: Collection[str]) -> pl.Expr:
    """Whether a row trains and its text is one of these."""
    return (pl.col("split") == "train") & pl.col("key").is_in(list(keys))


def _users(frame: pl.DataFrame) -> set[str]:
    return set(frame["user"].drop_nulls().str.to_lowercase())

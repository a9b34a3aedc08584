"""Which feedback counts, which of it trains, and which is held out for ever."""

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from trainer import defaults
from trainer.data.cleaning import normalise
from trainer.feedback.client import Judged

SALT = b"bad-buzz-radar/feedback/1/"
"""Another salt would hold out other texts: models would be judged by what they were trained on."""
HELD_OUT_TENTHS = 3


@dataclass(frozen=True)
class Example:
    """A text with the label that people gave it.

    Attributes:
        text: the tweet.
        key: its normalised form.
        label: the label's name.
        correction: whether the model had said something else.
    """

    text: str
    key: str
    label: str
    correction: bool


@dataclass(frozen=True)
class FeedbackCounts:
    """What became of everything that was read; the numbers after `read` add up to it.

    Attributes:
        read: labelled texts that the API gave.
        other_model: of another registered model.
        empty: texts without anything to read.
        unauthenticated: verdicts without a key that are no audits.
        unknown_label: labels that the data do not have.
        superseded: an earlier verdict on the same text.
        over_cap: beyond what one reviewer may contribute.
        held_out: never trained on.
        kept: may be trained on.
        conflicts: texts that got different labels; the newest counts.
    """

    read: int
    other_model: int
    empty: int
    unauthenticated: int
    unknown_label: int
    superseded: int
    over_cap: int
    held_out: int
    kept: int
    conflicts: int


@dataclass(frozen=True)
class Selection:
    """Feedback, sorted by what it may be used for."""

    training: tuple[Example, ...]
    held_out: tuple[Example, ...]
    counts: FeedbackCounts


def is_held_out(key: str) -> bool:
    """Whether a text belongs to the 30 % that are never trained on: by its hash alone, for ever.

    Args:
        key: the text's normalised form.
    """
    digest = hashlib.sha256(SALT + key.encode()).digest()
    return int.from_bytes(digest[:8]) % 10 < HELD_OUT_TENTHS


def select(
    judged: Iterable[Judged],
    *,
    name: str,
    labels: Iterable[str],
    per_reviewer: int = defaults.PER_REVIEWER,
) -> Selection:
    """Sort feedback: trusted or not, newest verdict on each text, within each reviewer's share.

    Only verdicts under an access key count, and those on audits, which are drawn at random: what
    anybody may send about any text could be sent by a crowd. Who gives pseudonyms under one key
    stays one reviewer; verdicts on audits without a key count as one reviewer too.

    Args:
        judged: what the API gave.
        name: the registered model.
        labels: those that the base data have.
        per_reviewer: the most texts of one reviewer, newest first.
    """
    known = set(labels)
    left_out: Counter[str] = Counter()
    labels_of: dict[str, set[str]] = {}
    newest: dict[str, Judged] = {}
    read = 0
    for item in sorted(judged, key=lambda item: item.judged_at, reverse=True):
        read += 1
        key = normalise(item.text)
        if reason := _unfit(item, key, name, known):
            left_out[reason] += 1
            continue
        labels_of.setdefault(key, set()).add(item.label)
        if key in newest:
            left_out["superseded"] += 1
        else:
            newest[key] = item
    training: list[Example] = []
    held_out: list[Example] = []
    given: Counter[str | None] = Counter()
    for key, item in newest.items():
        given[item.reviewer_key] += 1
        if given[item.reviewer_key] > per_reviewer:
            left_out["over_cap"] += 1
            continue
        example = Example(item.text, key, item.label, item.label != item.predicted_label)
        (held_out if is_held_out(key) else training).append(example)
    counts = FeedbackCounts(
        read=read,
        other_model=left_out["other_model"],
        empty=left_out["empty"],
        unauthenticated=left_out["unauthenticated"],
        unknown_label=left_out["unknown_label"],
        superseded=left_out["superseded"],
        over_cap=left_out["over_cap"],
        held_out=len(held_out),
        kept=len(training),
        conflicts=sum(len(said) > 1 for said in labels_of.values()),
    )
    return Selection(tuple(training), tuple(held_out), counts)


def _unfit(item: Judged, key: str, name: str, labels: set[str]) -> str | None:
    """Why an item counts for nothing, as the field of `FeedbackCounts`; None if it counts."""
    if item.model_name != name:
        return "other_model"
    if not key:
        return "empty"
    if item.reviewer_key is None and not item.audit:
        return "unauthenticated"
    if item.label not in labels:
        return "unknown_label"
    return None

"""Adding training rows to a base without touching what measures."""

import csv

import pytest

from trainer.data.loading import load_rows, to_dataset
from trainer.errors import AdditionError
from trainer.feedback.merging import check_addition, merge
from trainer.feedback.selection import Example, FeedbackCounts, Selection
from trainer.progress import NoProgress

COLUMNS = ("text", "label", "user", "split")
LABELS = ("negative", "positive")


@pytest.fixture
def rows_of(tmp_path):
    """A function that writes rows to a file and loads it."""

    def load(name, rows):
        path = tmp_path / f"{name}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([COLUMNS, *rows])
        return load_rows(str(path), progress=NoProgress())

    return load


@pytest.fixture
def base(rows_of):
    """Twelve rows of each label in each split, each by a user of its own."""
    return rows_of(
        "base",
        [
            (f"{split} {label} {n}", label, f"{split}-{label}-{n}", split)
            for split in ("train", "validation", "test")
            for label in LABELS
            for n in range(12)
        ],
    )


def example(text, label="negative", *, correction=True):
    return Example(text, text.lower(), label, correction)


def selection(training=(), held_out=()):
    return Selection(tuple(training), tuple(held_out), FeedbackCounts(*[0] * 10))


def trained_on(merged):
    labels = merged.dataset.labels
    return sorted(
        (text, labels[label])
        for text, label in zip(merged.dataset.train.texts, merged.dataset.train.labels, strict=True)
    )


def test_validation_and_test_stay_and_the_rest_is_added(base, rows_of):
    alone = to_dataset(base)
    more = rows_of("more", [(f"more {n}", "negative", "", "train") for n in range(10)])
    feedback = selection([example("a correction"), example("confirmed", correction=False)])
    merged = merge(base, [more], feedback, weight=3)

    assert merged.dataset.test_fingerprint == alone.test_fingerprint
    assert merged.dataset.test.texts == alone.test.texts
    assert merged.dataset.validation.texts == alone.validation.texts
    assert merged.dataset.fingerprint != alone.fingerprint
    added = [*(f"more {n}" for n in range(10)), *["a correction"] * 3, "confirmed"]
    assert sorted(merged.dataset.train.texts) == sorted([*alone.train.texts, *added])
    counts = merged.counts
    assert (counts.base_rows, counts.added) == (24, 10)
    assert (counts.feedback, counts.corrections) == (2, 1)


def test_nothing_to_add_is_the_base_itself(base):
    alone, merged = to_dataset(base), merge(base, [], selection())
    assert merged.dataset.fingerprint == alone.fingerprint
    assert trained_on(merged) == trained_on(merge(base, [], None))
    assert list(merged.dataset.train.texts) == list(alone.train.texts)


def test_texts_and_users_of_validation_and_test_are_left_out(base, rows_of):
    more = rows_of(
        "more",
        [
            ("TEST negative 3", "positive", "", "train"),
            ("another by a test user", "negative", "Test-Negative-3", "train"),
            ("another by a validation user", "negative", "validation-positive-1", "train"),
            ("of this file's own test split", "negative", "", "test"),
            ("fine", "negative", "somebody", "train"),
        ],
    )
    feedback = selection([example("validation positive 5"), example("said of nothing measured")])
    merged = merge(base, [more], feedback, weight=1)
    added = set(trained_on(merged)) - set(trained_on(merge(base, [], None)))
    assert {text for text, _ in added} == {"fine", "said of nothing measured"}
    assert (merged.counts.added, merged.counts.added_left_out) == (1, 4)
    assert (merged.counts.feedback, merged.counts.feedback_in_splits) == (1, 1)


def test_held_out_feedback_is_trained_on_nowhere(base, rows_of):
    more = rows_of("more", [("held out", "negative", "", "train"), ("ok", "negative", "", "train")])
    feedback = selection(held_out=[example("train negative 3"), example("held out")])
    merged = merge(base, [more], feedback)
    said = {text for text, _ in trained_on(merged)}
    assert "ok" in said
    assert not said & {"train negative 3", "held out"}
    assert (merged.counts.base_held_out, merged.counts.added_left_out) == (1, 1)


def test_the_latest_label_of_a_text_counts(base, rows_of):
    first = rows_of("first", [("train negative 3", "positive", "", "train")])
    second = rows_of("second", [("train negative 4", "positive", "", "train")])
    feedback = selection([example("train negative 4", "negative", correction=False)])
    merged = merge(base, [first, second], feedback)
    said = dict(trained_on(merged))
    assert said["train negative 3"] == "positive"
    assert said["train negative 4"] == "negative"
    assert len(merged.dataset.train) == 24
    assert merged.counts.relabelled == 1


def test_a_limit_bounds_the_base_alone(base):
    feedback = selection([example(f"new {n}") for n in range(5)])
    merged = merge(base, [], feedback, weight=2, limit=6)
    assert len(merged.dataset.train) == 6 + 5 * 2
    assert merged.dataset.fingerprint == merge(base, [], feedback).dataset.fingerprint


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([(f"text {n}", "neutral", "", "") for n in range(20)], "do not have: neutral"),
        ([(f"text {n}", "negative", "", "") for n in range(9)], "is too small: 9 rows read"),
    ],
)
def test_a_file_that_does_not_fit_is_refused(base, rows_of, rows, said):
    with pytest.raises(AdditionError, match=said):
        check_addition(rows_of("more", rows), base.labels)


def test_a_file_with_too_many_broken_rows_is_refused(base, tmp_path):
    good = [f"negative,text {n}\n" for n in range(50)]
    for broken, refused in ((5, False), (7, True)):
        path = tmp_path / "more.csv"
        path.write_text("".join(["label,text\n", *good, *["one,two,three\n"] * broken]))
        rows = load_rows(str(path), progress=NoProgress())
        if refused:
            with pytest.raises(AdditionError, match=r"7 of 57 rows are broken.*line 52"):
                check_addition(rows, base.labels)
        else:
            check_addition(rows, base.labels)

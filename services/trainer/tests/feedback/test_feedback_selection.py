"""Which verdicts count, which train, and which are held out."""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta

import pytest

from trainer.feedback.client import Judged
from trainer.feedback.selection import is_held_out, select

LABELS = ("negative", "positive")
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def judged(text, label="negative", *, minutes=0, **changes):
    values = {
        "text": text,
        "label": label,
        "predicted_label": "positive",
        "verdict": "rejected",
        "reviewer_key": "ann",
        "audit": False,
        "judged_at": BEGIN + timedelta(minutes=minutes),
        "model_name": "m",
    }
    return Judged(**(values | changes))


def chosen(*items, **options):
    found = select(items, name="m", labels=LABELS, **options)
    counts = asdict(found.counts)
    conflicts = counts.pop("conflicts")
    assert counts.pop("read") == sum(counts.values())
    return found, counts | {"conflicts": conflicts}


def texts(examples):
    return [example.text for example in examples]


def everything(found):
    return {item.text: item.label for item in (*found.training, *found.held_out)}


def test_only_keys_and_audits_count():
    found, counts = chosen(
        judged("by ann"),
        judged("by anybody", reviewer_key=None),
        judged("an audit", reviewer_key=None, audit=True),
    )
    assert set(everything(found)) == {"by ann", "an audit"}
    assert counts["unauthenticated"] == 1


def test_the_newest_verdict_on_a_text_counts_and_a_conflict_is_counted():
    found, counts = chosen(
        judged("So  LATE", "positive", minutes=2, reviewer_key="bob"),
        judged("so late", "negative", minutes=3),
        judged("agreed", "negative", minutes=1),
        judged("agreed", "negative", minutes=2),
    )
    assert everything(found) == {"so late": "negative", "agreed": "negative"}
    assert (counts["superseded"], counts["conflicts"]) == (2, 1)


def test_a_crowd_cannot_displace_what_a_reviewer_said():
    crowd = [judged("late", "positive", minutes=9, reviewer_key=None) for _ in range(50)]
    found, counts = chosen(judged("late", "negative"), *crowd)
    assert everything(found) == {"late": "negative"}
    assert (counts["unauthenticated"], counts["conflicts"]) == (50, 0)


def test_each_reviewer_counts_up_to_a_number_newest_first():
    many = [judged(f"text {n}", minutes=n) for n in range(30)]
    other = [judged(f"other {n}", reviewer_key="bob") for n in range(3)]
    audits = [judged(f"audit {n}", reviewer_key=None, audit=True, minutes=n) for n in range(8)]
    found, counts = chosen(*many, *other, *audits, per_reviewer=5)
    kept = everything(found)
    assert {text for text in kept if text.startswith("text")} == {
        f"text {n}" for n in range(25, 30)
    }
    assert {text for text in kept if text.startswith("audit")} == {
        f"audit {n}" for n in range(3, 8)
    }
    assert sum(text.startswith("other") for text in kept) == 3
    assert counts["over_cap"] == 25 + 3


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"model_name": "another"}, "other_model"),
        ({"label": "neutral"}, "unknown_label"),
        ({"text": " \u3000\n"}, "empty"),
    ],
)
def test_what_does_not_fit_is_left_out_and_counted(changes, reason):
    item = judged("late").model_copy(update=changes)
    found, counts = chosen(item)
    assert not everything(found)
    assert counts[reason] == 1


def test_a_correction_is_told_from_a_confirmation():
    found, _ = chosen(
        judged("wrong", "negative"),
        judged("right", "positive", verdict="confirmed"),
    )
    assert {item.text: item.correction for item in (*found.training, *found.held_out)} == {
        "wrong": True,
        "right": False,
    }


def test_three_tenths_are_held_out_whatever_else_there_is():
    first, counts = chosen(*(judged(f"text {n}") for n in range(1_000)), per_reviewer=10_000)
    assert counts["held_out"] == pytest.approx(300, abs=45)  # three standard deviations
    more = (judged(f"TEXT  {n}", minutes=n) for n in range(3_000))
    second, _ = chosen(*more, per_reviewer=10_000)
    held_out = {text.lower().replace("  ", " ") for text in texts(second.held_out)}
    assert set(texts(first.held_out)) <= held_out
    assert not set(texts(first.training)) & held_out


def test_which_texts_are_held_out_never_changes():
    # Computed once: another result means that models are judged by what they were trained on.
    assert [n for n in range(30) if is_held_out(f"text {n}")] == [7, 11, 14, 16, 18, 20, 27, 29]

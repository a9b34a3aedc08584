"""What the gate asks of a model, one check each, with its figures."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from contract.calibration import Probabilities
from trainer.data.dataset import Labels
from trainer.evaluation.metrics import expected_calibration_error, wilson_interval
from trainer.evaluation.statistics import mcnemar, paired_difference
from trainer.tracking.outcomes import Outcomes

LARGEST_LOSS = 0.005
"""Accuracy on test, and recall of `negative`, may be this much worse: half a point."""
SIGNIFICANT = 0.05
LARGEST_CALIBRATION_ERROR = 0.03
ROWS_FOR_A_FIXED_BOUND = 2_000
SIMULATIONS = 1_000
NEGATIVE = "negative"

Figures = Mapping[str, float | int | str | None]


@dataclass(frozen=True)
class Check:
    """One check and how it ended.

    Attributes:
        name: what it is called, also in the tags of a version.
        measured: what was found, for people.
        required: what was asked for, for people.
        passed: whether the one meets the other.
        alternative: whether it is one of several of which one suffices.
        figures: what was found, for programs.
    """

    name: str
    measured: str
    required: str
    passed: bool
    alternative: bool = False
    figures: Figures = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """All of it, for JSON."""
        return asdict(self)


def same(name: str, challenger: str, champion: str, *, shown: int = 40) -> Check:
    """Both must say the same of what they are or were measured on."""
    equal = challenger == champion
    measured = challenger[:shown] if equal else f"{challenger[:shown]}, not {champion[:shown]}"
    return Check(name, measured, "as the champion's", equal)


def no_worse_on_test(challenger: Outcomes, champion: Outcomes) -> Check:
    """The lower 95 % bound of the paired difference in accuracy must be above minus half a point.

    Non-inferiority rather than a difference alone, so that a few lucky rows do not promote and a
    few unlucky ones do not block what feedback asks for.
    """
    found = paired_difference(challenger.truth, challenger.predicted, champion.predicted)
    return Check(
        "accuracy on test",
        f"{points(found.value)} ({points(found.low)} to {points(found.high)})",
        f"lower 95 % bound above {points(-LARGEST_LOSS)}",
        found.low > -LARGEST_LOSS,
        figures={"difference": found.value, "low": found.low, "high": found.high},
    )


def better_on_test(challenger: Outcomes, champion: Outcomes) -> Check:
    """More test rows right than the champion, by McNemar's test beyond chance."""
    right, before = (int((one.predicted == one.truth).sum()) for one in (challenger, champion))
    p_value = mcnemar(challenger.truth, challenger.predicted, champion.predicted)
    return Check(
        "better on test",
        f"{right} right, champion {before}; p = {p_value:.2g}",
        f"more, p below {SIGNIFICANT:g}",
        right > before and p_value < SIGNIFICANT,
        alternative=True,
        figures={"right": right, "champion": before, "p_value": p_value},
    )


def better_on_feedback(right: int, before: int, rows: int) -> Check:
    """More texts of the held-out feedback right than the champion.

    Args:
        right: texts that the challenger labels as people did.
        before: texts that the champion does.
        rows: texts there are.
    """
    return Check(
        "better on held-out feedback",
        f"{right} of {rows} right, champion {before}" if rows else "there is none",
        "more",
        right > before,
        alternative=True,
        figures={"right": right, "champion": before, "rows": rows},
    )


def no_feedback(reason: str) -> Check:
    """The same where feedback could not be compared."""
    return Check("better on held-out feedback", reason, "more", False, alternative=True)


def finds_negatives(challenger: Outcomes, champion: Outcomes) -> Check:
    """Recall of `negative`, which the radar exists for, must not fall by more than half a point."""
    index = challenger.labels.index(NEGATIVE)
    of_label = challenger.truth == index
    recall, before = (
        float((one.predicted[of_label] == index).mean()) for one in (challenger, champion)
    )
    return Check(
        f"recall of {NEGATIVE}",
        f"{recall:.4f}, champion {before:.4f}",
        f"no more than {100 * LARGEST_LOSS:g} points less",
        recall >= before - LARGEST_LOSS - 1e-12,
        figures={"recall": recall, "champion": before},
    )


def better_than_majority(outcomes: Outcomes) -> Check:
    """The lower 95 % bound of accuracy must be above the share of the commonest label."""
    right = int((outcomes.predicted == outcomes.truth).sum())
    low, _ = wilson_interval(right, len(outcomes.truth))
    share = float(np.bincount(outcomes.truth).max() / len(outcomes.truth))
    return Check(
        "better than the majority class",
        f"accuracy {right / len(outcomes.truth):.4f}, lower 95 % bound {low:.4f}",
        f"above {share:.4f}",
        low > share,
        figures={"low": low, "majority": share},
    )


def is_calibrated(truth: Labels, probabilities: Probabilities) -> Check:
    """Expected calibration error on test within its bound."""
    error = expected_calibration_error(truth, probabilities)
    bound = calibration_bound(probabilities)
    why = "" if len(truth) >= ROWS_FOR_A_FIXED_BOUND else f", by chance on {len(truth)} rows"
    return Check(
        "calibration error",
        f"{error:.4f}",
        f"at most {bound:.4f}{why}",
        error <= bound,
        figures={"error": error, "bound": bound},
    )


def calibration_bound(probabilities: Probabilities) -> float:
    """The largest calibration error that passes.

    0.03 from 2,000 rows on. Few rows show an error even where there is none, so below that it is
    the 95th percentile of what a perfectly calibrated model shows: one that is right exactly as
    often as these probabilities say. The consistency resampling of Bröcker and Smith, 2007,
    "Increasing the Reliability of Reliability Diagrams"; Vaicenavicius et al., 2019, "Evaluating
    model calibration in classification", use it to test the calibration error.

    Args:
        probabilities: calibrated `[rows, labels]`.
    """
    if len(probabilities) >= ROWS_FOR_A_FIXED_BOUND:
        return LARGEST_CALIBRATION_ERROR
    predicted, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    generator = np.random.default_rng(0)
    errors = [
        expected_calibration_error(
            np.where(generator.random(len(predicted)) < confidence, predicted, -1), probabilities
        )
        for _ in range(SIMULATIONS)
    ]
    return float(np.quantile(errors, 0.95))


def fast_enough(milliseconds: float, champion: float | None, budget: float) -> Check:
    """The slowest of the golden texts within an absolute budget; see `trainer.registry.latency`.

    Absolute, since what a caller can wait for does not depend on the champion: relative to a
    linear model every BERT would be too slow.
    """
    before = "" if champion is None else f", champion {champion:.1f} ms"
    return Check(
        "latency",
        f"{milliseconds:.1f} ms{before}",
        f"at most {budget:g} ms here",
        milliseconds <= budget,
        figures={"milliseconds": milliseconds, "champion": champion, "budget": budget},
    )


def parity(defect: str | None) -> Check:
    """The bundle, as it was registered, opens here and repeats its golden outputs."""
    found = defect or "opens, golden outputs repeat"
    return Check("parity", found, "the bundle is whole and answers as at export", defect is None)


def points(share: float) -> str:
    """A difference of shares in points, with its sign."""
    return f"{100 * share:+.2f} points"

"""The gate to production: whether a version may replace the one that serves, and what decided."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from trainer import defaults
from trainer.registry import checks
from trainer.registry.checks import NEGATIVE, Check
from trainer.registry.contender import Contender
from trainer.registry.latency import slowest_text_ms
from trainer.tracking.outcomes import Outcomes


class HeldOutText(NamedTuple):
    """A text of the feedback that no model is trained on, and what people say it is."""

    text: str
    label: str


@dataclass(frozen=True)
class Terms:
    """What the gate is given besides the two models.

    Attributes:
        held_out: feedback that is never trained on; None where none was read.
        latency_ms: the most milliseconds for one text.
    """

    held_out: Sequence[HeldOutText] | None = None
    latency_ms: float = defaults.LATENCY_MS


@dataclass(frozen=True)
class Decision:
    """Whether a version passed, by which checks."""

    checks: tuple[Check, ...]

    @property
    def failed(self) -> tuple[Check, ...]:
        """The checks for which it was refused; alternatives only if all of them failed."""
        alternatives = [check for check in self.checks if check.alternative]
        one_held = any(check.passed for check in alternatives)
        return tuple(
            check
            for check in self.checks
            if not check.passed and not (check.alternative and one_held)
        )

    @property
    def passed(self) -> bool:
        """Whether it may serve."""
        return not self.failed

    @property
    def decided_by(self) -> str:
        """The checks that refused it; else the ones that spoke for it."""
        deciding = self.failed or [item for item in self.checks if item.alternative and item.passed]
        said = "; ".join(f"{check.name}: {check.measured}" for check in deciding)
        return said or "the floor checks, which are all that a first champion needs"


def judge(name: str, challenger: Contender, champion: Contender | None, terms: Terms) -> Decision:
    """Compare a version with the one that serves, or with the floor where none does.

    Args:
        name: the registered model.
        challenger: which version would serve.
        champion: which one does.
        terms: what else the gate needs.
    """
    found = [checks.parity(challenger.defect)]
    if challenger.bundle is not None:
        found.append(checks.same("model name", challenger.bundle.manifest.name, name))
    own = challenger.outcomes
    if own is None:
        return Decision((*found, _no_answers("the challenger")))
    if champion is None:
        floor = (checks.better_than_majority(own), _calibration(own))
        return Decision((*found, *floor))
    found += [
        checks.same("labels", challenger.labels, champion.labels),
        checks.same(
            "test rows",
            challenger.version.test_fingerprint,
            champion.version.test_fingerprint,
            shown=12,
        ),
    ]
    if champion.outcomes is None:
        return Decision((*found, _no_answers("the champion")))
    if not _same_rows(own, champion.outcomes):
        found.append(Check("test answers", "of other rows", "of the same rows", False))
    if not all(check.passed for check in found):
        return Decision(tuple(found))  # nothing else could be compared
    return Decision((*found, *_comparison(challenger, champion, own, champion.outcomes, terms)))


def _comparison(
    challenger: Contender, champion: Contender, own: Outcomes, before: Outcomes, terms: Terms
) -> list[Check]:
    found = [
        checks.no_worse_on_test(own, before),
        _on_feedback(challenger, champion, terms.held_out),
        checks.better_on_test(own, before),
    ]
    if NEGATIVE in own.labels:
        found.append(checks.finds_negatives(own, before))
    found.append(_calibration(own))
    bundles = [one.bundle for one in (challenger, champion) if one.bundle is not None]
    milliseconds, *champions = slowest_text_ms(bundles)
    found.append(
        checks.fast_enough(milliseconds, champions[0] if champions else None, terms.latency_ms)
    )
    return found


def _on_feedback(
    challenger: Contender, champion: Contender, held_out: Sequence[HeldOutText] | None
) -> Check:
    if held_out is None:
        return checks.no_feedback("none was read: INFERENCE_URL is not set")
    if challenger.bundle is None or champion.bundle is None:
        return checks.no_feedback(f"the champion's bundle does not open: {champion.defect}")
    known = [item for item in held_out if item.label in challenger.bundle.manifest.labels]
    texts = [item.text for item in known]
    right, before = (
        sum(answer.label == item.label for answer, item in zip(answers, known, strict=True))
        for answers in (challenger.bundle.predict(texts), champion.bundle.predict(texts))
    )
    return checks.better_on_feedback(right, before, len(known))


def _calibration(outcomes: Outcomes) -> Check:
    return checks.is_calibrated(outcomes.truth, outcomes.probabilities)


def _no_answers(whose: str) -> Check:
    return Check("test answers", f"{whose}'s run keeps none", "kept by both runs", False)


def _same_rows(one: Outcomes, other: Outcomes) -> bool:
    return (
        one.labels == other.labels
        and one.rows.tobytes() == other.rows.tobytes()
        and one.truth.tobytes() == other.truth.tobytes()
    )

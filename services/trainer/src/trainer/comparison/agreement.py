"""Whether the test split confirms what was chosen on validation."""

from collections.abc import Sequence
from dataclasses import dataclass

from trainer.comparison.results import Contrast, RecipeResult


@dataclass(frozen=True)
class Agreement:
    """The last check of a comparison: `holds`, and what was found, in sentences."""

    holds: bool
    findings: tuple[str, ...]


def check_agreement(best: RecipeResult, others: Sequence[Contrast]) -> Agreement:
    """Look at the test split, once, after the choice.

    Two things would speak against the choice: its test accuracy is lower than its validation
    accuracy by more than chance (choosing has flattered it), or another recipe is better on test
    by more than chance. Chance is a 95 % interval over rows and seeds that leaves zero out.

    Args:
        best: the recipe that validation chose.
        others: its contrasts with all other recipes.
    """
    drop = (best.test_accuracy - best.validation_accuracy).interval()
    findings = [
        f"{best.recipe}: accuracy {best.validation_accuracy.value:.4f} on validation, "
        f"{best.test_accuracy.value:.4f} on test; the difference is {drop.value:+.4f} "
        f"({drop.low:+.4f} to {drop.high:+.4f})."
    ]
    fell = drop.high < 0
    if fell:
        findings.append("The test accuracy is lower than chance explains: validation flattered it.")
    better = [item for item in others if item.difference.interval().high < 0]
    findings += [
        f"{item.recipe} is better on test by {-item.difference.value:.4f}, which is more than "
        "chance explains."
        for item in better
    ]
    if not better and others:
        findings.append("On test no other recipe is better than it by more than chance explains.")
    return Agreement(not fell and not better, tuple(findings))

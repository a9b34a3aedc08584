"""A weighted decision matrix: what is best depends on what matters."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from trainer.comparison.costs import Machine
from trainer.comparison.results import RecipeResult
from trainer.errors import TrainerError

Figure = Callable[[RecipeResult, Machine], float]


@dataclass(frozen=True)
class Criterion:
    """Something that may matter: its figure for a recipe, and whether more is better."""

    meaning: str
    figure: Figure
    more_is_better: bool


CRITERIA: dict[str, Criterion] = {
    "accuracy": Criterion(
        "validation accuracy", lambda item, _: item.figure("validation", "accuracy").mean, True
    ),
    "macro-f1": Criterion(
        "validation macro-F1", lambda item, _: item.figure("validation", "macro_f1").mean, True
    ),
    "auc": Criterion("validation AUC", lambda item, _: item.figure("validation", "auc").mean, True),
    "log-loss": Criterion(
        "validation log loss", lambda item, _: item.figure("validation", "log_loss").mean, False
    ),
    "speed": Criterion(
        "tweets per second", lambda item, _: item.of_runs("tweets_per_second").mean, True
    ),
    "fit": Criterion("seconds to fit", lambda item, _: item.of_runs("fit_seconds").mean, False),
    "size": Criterion(
        "megabytes of the bundle", lambda item, _: item.of_runs("megabytes").mean, False
    ),
    "cost": Criterion(
        "euros per million tweets",
        lambda item, machine: machine.cost_per_million(item.of_runs("tweets_per_second").mean),
        False,
    ),
}
"""What can be weighed. Quality is that on validation: the test split chooses nothing. (Calibration
is weighed by the log loss: the temperature was fitted on the same rows.)"""

DEFAULT_WEIGHTS = {"macro-f1": 0.6, "log-loss": 0.1, "cost": 0.2, "size": 0.05, "fit": 0.05}


def parse_weights(given: Sequence[str]) -> dict[str, float]:
    """Read `CRITERION=WEIGHT`; what is not mentioned weighs nothing; nothing at all: the defaults.

    Raises:
        TrainerError: no such criterion, one given twice, a weight that is no number of 0 or more,
            or only zeros.
    """
    if not given:
        return dict(DEFAULT_WEIGHTS)
    weights: dict[str, float] = {}
    for item in given:
        name, _, value = item.partition("=")
        if name not in CRITERIA:
            raise TrainerError(f"--weight {item}: choose one of {', '.join(CRITERIA)}")
        if name in weights:
            raise TrainerError(f"--weight {item}: {name} is weighted twice")
        try:
            weights[name] = float(value)
        except ValueError:
            weights[name] = math.nan
        if not 0 <= weights[name] < math.inf:
            raise TrainerError(f"--weight {item}: give a number of 0 or more, as in {name}=0.5")
    if not sum(weights.values()):
        raise TrainerError("every --weight is 0: nothing would matter")
    return weights


@dataclass(frozen=True)
class Scored:
    """A recipe in the matrix: its normalised value of each criterion, and their weighted sum."""

    recipe: str
    values: dict[str, float]
    score: float


def decision_matrix(
    results: Sequence[RecipeResult], weights: Mapping[str, float], machine: Machine
) -> list[Scored]:
    """Score every recipe, highest first.

    Each criterion is normalised over the recipes, so that its best is 1 and its worst 0:
    `v = (x - min) / (max - min)` where more is better, `v = (max - x) / (max - min)` where less
    is; 1 for all where all are equal. The score is `sum(w * v) / sum(w)` over the criteria: simple
    additive weighting (Hwang and Yoon, 1981, "Multiple Attribute Decision Making"). It says which
    of these recipes suits these weights; adding a recipe can change the others' scores.

    Args:
        results: of at least one recipe.
        weights: of the criteria; at least one is above 0.
        machine: for the criterion `cost`.
    """
    columns = {
        name: _normalised(
            [CRITERIA[name].figure(item, machine) for item in results],
            CRITERIA[name].more_is_better,
        )
        for name in weights
    }
    total = sum(weights.values())
    scored = [
        Scored(
            item.recipe,
            {name: column[index] for name, column in columns.items()},
            sum(weights[name] * column[index] for name, column in columns.items()) / total,
        )
        for index, item in enumerate(results)
    ]
    return sorted(scored, key=lambda item: -item.score)


def _normalised(values: Sequence[float], more_is_better: bool) -> list[float]:
    low, high = min(values), max(values)
    if low == high:
        return [1.0] * len(values)
    shares = [(value - low) / (high - low) for value in values]
    return shares if more_is_better else [1 - share for share in shares]

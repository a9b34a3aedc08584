"""The trials of a tuning, kept in a file so that a stopped one goes on."""

import hashlib
import json
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from trainer.recipes.spec import RecipeSpec
from trainer.tuning.space import Space

if TYPE_CHECKING:
    from optuna import Study

FILE = "tuning.db"
SECONDS = "seconds"
"""Attribute of a trial that ended by itself; a killed one has none."""
STARTUP_TRIALS = 5
"""Trials that are never pruned, since there is no median yet."""


@dataclass(frozen=True)
class TuningPlan:
    """A tuning to be made, or to be gone on with.

    Attributes:
        name: registered model that the best becomes a version of.
        spec: the recipe, and the settings that stay as they are.
        space: what is searched.
        limit: the most training rows.
        seed: fixes every random choice.
        fingerprint: of the data set.
    """

    name: str
    spec: RecipeSpec
    space: Space
    limit: int | None
    seed: int
    fingerprint: str

    @property
    def key(self) -> str:
        """Equal for the same tuning; the number of trials may differ, so that it can be raised."""
        content = {
            "name": self.name,
            "recipe": str(self.spec),
            "space": {name: where.model_dump() for name, where in self.space.items()},
            "limit": self.limit,
            "seed": self.seed,
            "fingerprint": self.fingerprint,
        }
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]


def open_study(plan: TuningPlan, folder: Path) -> "Study":
    """The study of a plan with its trials so far; the caller holds the folder's lock.

    A trial that was under way when the process before was killed is closed, and its settings are
    the next to be tried. The first trial of all has the settings that the recipe has by default.

    Args:
        plan: what is tuned.
        folder: where the study is kept.
    """
    import optuna
    from optuna.trial import TrialState

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        study = optuna.create_study(
            storage=f"sqlite:///{folder / FILE}",
            study_name=plan.key,
            direction="minimize",
            load_if_exists=True,
            pruner=optuna.pruners.MedianPruner(n_startup_trials=STARTUP_TRIALS, n_warmup_steps=1),
        )
    # The seed moves on with the trials, or a resumed study would draw what it drew before.
    study.sampler = optuna.samplers.TPESampler(
        seed=plan.seed + len(study.trials), n_startup_trials=STARTUP_TRIALS
    )
    for trial in study.get_trials(states=(TrialState.RUNNING,)):
        study.enqueue_trial(trial.params)
        study.tell(trial.number, state=TrialState.FAIL)
    if not study.trials:
        defaults = plan.spec.settings.model_dump()
        study.enqueue_trial({name: defaults[name] for name in plan.space})
    return study


def tried(study: "Study") -> int:
    """Trials that have ended by themselves: completed, pruned, or refused by the recipe."""
    return sum(SECONDS in trial.user_attrs for trial in study.trials)


def seconds_per_trial(study: "Study") -> float | None:
    """Mean of those that have ended; None before the first."""
    taken = [trial.user_attrs[SECONDS] for trial in study.trials if SECONDS in trial.user_attrs]
    return sum(taken) / len(taken) if taken else None


def best_spec(plan: TuningPlan, study: "Study") -> RecipeSpec:
    """The recipe with the best settings found."""
    return plan.spec.with_settings(**study.best_params)

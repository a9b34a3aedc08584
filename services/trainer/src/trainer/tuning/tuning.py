"""Making a tuning, or going on with one that was stopped."""

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from trainer.data.dataset import Dataset
from trainer.data.report import CleaningReport
from trainer.errors import TrainerError
from trainer.locking import locked
from trainer.progress import Progress
from trainer.tracking.nesting import children, close_unfinished, find_parent
from trainer.tracking.run import training_run
from trainer.tracking.store import work_folder
from trainer.training import train_version
from trainer.tuning.objective import held_out_loss
from trainer.tuning.plots import history_figure, importances, importances_figure
from trainer.tuning.progress import TrialProgress
from trainer.tuning.space import suggest
from trainer.tuning.study import (
    SECONDS,
    TuningPlan,
    best_spec,
    open_study,
    seconds_per_trial,
    tried,
)

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from optuna import Study, Trial

FOLDER = "tunings"
TUNING_TAG = "tuning"
STATE_TAG = "trial_state"
PLOT_DPI = 120


@dataclass(frozen=True)
class Tuned:
    """What a tuning found.

    Attributes:
        recipe: with the best settings, as written.
        loss: its calibrated log loss in nats.
        default_loss: that of the first trial, which has the defaults; None if that one failed.
        trials: how many ended, by state.
        importances: share of the loss's variance that each setting explains; empty with too few
            completed trials.
        version: registered model version, trained with the best settings.
        run_id: of the run that trained it.
        parent: id of the MLflow run that holds all others.
    """

    recipe: str
    loss: float
    default_loss: float | None
    trials: dict[str, int]
    importances: dict[str, float]
    version: int
    run_id: str
    parent: str


@dataclass(frozen=True)
class Tuning:
    """A tuning being made, and everything that takes.

    Attributes:
        client: of the tracking store.
        experiment: where its runs are filed.
        plan: what is tuned.
        dataset: what trials learn from and are measured on; the test split is not touched until
            the best is trained.
        cleaning: what reading the data found.
        progress: told of every step.
    """

    client: "MlflowClient"
    experiment: str
    plan: TuningPlan
    dataset: Dataset
    cleaning: CleaningReport
    progress: Progress

    def make(self, trials: int) -> Tuned:
        """Try settings until so many trials have ended, then train and register the best.

        Stopped in whatever way, the same call goes on where it was; with more trials it adds to
        those there are.

        Args:
            trials: how many altogether, those of earlier calls included.

        Raises:
            TrainerError: no trial could be completed, or another process makes this tuning.
            KeyboardInterrupt: the user stopped it; the trials that ended are kept.
        """
        client, plan = self.client, self.plan
        folder = work_folder() / FOLDER / plan.key
        again = find_parent(client, self.experiment, TUNING_TAG, plan.key)
        with (
            locked(folder, "this tuning is being made"),
            training_run(client, self.experiment, f"tune {plan.spec}", again=again) as parent,
        ):
            if not again:
                self._begin(parent)
            close_unfinished(client, parent)
            study = open_study(plan, folder)
            while (done := tried(study)) < trials:
                progress = TrialProgress(
                    self.progress, done + 1, trials, seconds_per_trial(study), best_loss(study)
                )
                self._try(study, progress)
            if best_loss(study) is None:
                raise TrainerError(f"none of {trials} trials of {plan.spec} could be completed")
            self._plot(parent, study)
            return self._finish(parent, study)

    def _begin(self, parent: str) -> None:
        for name, value in {
            "recipe": str(self.plan.spec),
            "searched": ",".join(self.plan.space),
            "seed": self.plan.seed,
            "limit": self.plan.limit,
            "data_source": self.dataset.source,
            "data_fingerprint": self.plan.fingerprint,
        }.items():
            self.client.log_param(parent, name, value)
        self.client.set_tag(parent, TUNING_TAG, self.plan.key)

    def _try(self, study: "Study", progress: Progress) -> None:
        """Make one trial, and tell the study how it ended."""
        import optuna
        from optuna.trial import TrialState

        started = time.perf_counter()
        trial = study.ask()
        settings = suggest(trial, self.plan.space)
        with training_run(self.client, self.experiment, f"trial {trial.number}") as run_id:
            for name, value in settings.items():
                self.client.log_param(run_id, name, value)
            loss: float | None = None
            try:
                spec = self.plan.spec.with_settings(**settings)
                loss = held_out_loss(
                    spec,
                    self.dataset,
                    progress,
                    lambda step, value: self._report(trial, run_id, step, value),
                    seed=self.plan.seed,
                )
                state = TrialState.COMPLETE
                self.client.log_metric(run_id, "loss", loss)
            except optuna.TrialPruned:
                state = TrialState.PRUNED
            except TrainerError as error:
                state = TrialState.FAIL
                self.client.set_tag(run_id, "failure", " ".join(str(error).split()))
            self.client.set_tag(run_id, STATE_TAG, state.name.lower())
        trial.set_user_attr(SECONDS, time.perf_counter() - started)
        study.tell(trial, loss, state)

    def _report(self, trial: "Trial", run_id: str, step: int, loss: float) -> None:
        import optuna

        self.client.log_metric(run_id, "held_out_loss", loss, step=step)
        trial.report(loss, step)
        if trial.should_prune():
            raise optuna.TrialPruned

    def _plot(self, parent: str, study: "Study") -> None:
        with tempfile.TemporaryDirectory(prefix="tuning-") as scratch:
            figures = {"history": history_figure(study)}
            if shares := importances(study):
                figures["importances"] = importances_figure(shares)
            for name, figure in figures.items():
                figure.savefig(Path(scratch) / f"{name}.png", dpi=PLOT_DPI)
            self.client.log_artifacts(parent, scratch, "plots")

    def _finish(self, parent: str, study: "Study") -> Tuned:
        """Train the best, unless an earlier call has."""
        spec = best_spec(self.plan, study)
        found = self._registered(parent, str(spec))
        if found is None:
            trained = train_version(
                self.client,
                spec,
                self.dataset,
                self.cleaning,
                self.progress,
                seed=self.plan.seed,
                name=self.plan.name,
                experiment=self.experiment,
            )
            found = (trained.version, trained.run_id)
        self.client.log_metric(parent, "best_loss", study.best_value)
        self.client.set_tag(parent, "best_recipe", str(spec))
        states = [trial.state.name.lower() for trial in study.trials if SECONDS in trial.user_attrs]
        defaults = next((trial for trial in study.trials if SECONDS in trial.user_attrs), None)
        return Tuned(
            recipe=str(spec),
            loss=float(study.best_value),
            default_loss=defaults.value if defaults else None,
            trials={state: states.count(state) for state in sorted(set(states))},
            importances=importances(study),
            version=found[0],
            run_id=found[1],
            parent=parent,
        )

    def _registered(self, parent: str, recipe: str) -> tuple[int, str] | None:
        """Version and run of a recipe that this tuning has trained already."""
        for run in children(self.client, parent):
            run_id = str(run.info.run_id)
            if run.data.params.get("recipe") != recipe:
                continue
            for version in self.client.search_model_versions(f"run_id = '{run_id}'"):
                if version.name == self.plan.name:
                    return int(version.version), run_id
        return None


def best_loss(study: "Study") -> float | None:
    """The lowest loss so far; None before any trial was completed."""
    values = [trial.value for trial in study.trials if trial.value is not None]
    completed = [value for value in values if value is not None]
    return min(completed) if completed else None

"""Making a comparison, or going on with one that was stopped."""

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from contract.errors import ContractError
from trainer.comparison import runs as kept
from trainer.comparison.bundles import KeptBundles, kept_bundles
from trainer.comparison.outcome import Outcome, Terms, conclude
from trainer.comparison.plan import Plan, PlannedRun
from trainer.comparison.progress import RunProgress
from trainer.data.dataset import Dataset
from trainer.data.loading import limited
from trainer.data.report import CleaningReport
from trainer.errors import TrainerError
from trainer.progress import Progress
from trainer.tracking.model import discard_models, log_bundle
from trainer.tracking.nesting import find_parent
from trainer.tracking.record import log_training
from trainer.tracking.run import training_run
from trainer.tracking.store import work_folder
from trainer.training import fit_and_measure

if TYPE_CHECKING:
    from mlflow import MlflowClient

FOLDER = "comparisons"


@dataclass(frozen=True)
class Made:
    """A comparison that has been made: what it found, and where it is kept.

    Attributes:
        outcome: what it found.
        parent: id of the MLflow run that holds all others.
        version: of the registered model, made of the best recipe's best run.
    """

    outcome: Outcome
    parent: str
    version: int


@dataclass(frozen=True)
class Comparison:
    """A comparison being made, and everything that takes.

    Attributes:
        client: of the tracking store.
        experiment: where its runs are filed.
        plan: what is compared.
        dataset: with all its training rows; the limit is applied for each seed.
        cleaning: what reading the data found.
        terms: what the user weighs.
        progress: told of every step.
    """

    client: "MlflowClient"
    experiment: str
    plan: Plan
    dataset: Dataset
    cleaning: CleaningReport
    terms: Terms
    progress: Progress

    def make(self, report: Callable[[Made, Path], None]) -> Made:
        """Make every run that is not made yet, conclude, register the best, and report.

        Stopped in whatever way, the same call goes on where it was: runs that measured their model
        are not made again. A run whose recipe does not suit the data is left out and told of;
        another call tries it again.

        Args:
            report: writes the report of a comparison into a folder, which MLflow then keeps.

        Raises:
            TrainerError: no recipe could be trained with every seed, or another process makes this
                comparison.
            KeyboardInterrupt: the user stopped it; what is measured is kept.
        """
        client, plan = self.client, self.plan
        again = find_parent(client, self.experiment, kept.COMPARISON_TAG, plan.key)
        with (
            kept_bundles(work_folder() / FOLDER / plan.key) as bundles,
            training_run(client, self.experiment, self._title(), again=again) as parent,
        ):
            if not again:
                self._begin(parent)
            failures = self._make_missing(parent, bundles)
            outcome = self._conclude(parent, failures)
            while (version := self._register(outcome, bundles)) is None:
                # Its bundle is no longer here: made on another machine, or deleted.
                self._make_again(parent, outcome, bundles)
                outcome = self._conclude(parent, failures)
            made = Made(outcome, parent, version)
            self._report(made, report)
            bundles.keep_only(())
        return made

    def _title(self) -> str:
        return f"compare {len(self.plan.specs)} recipes, {self.plan.seeds} seeds"

    def _begin(self, parent: str) -> None:
        kept.keep_rows(self.client, parent, kept.HeldOut.of(self.dataset))
        for name, value in {
            "recipes": ",".join(str(spec) for spec in self.plan.specs),
            "seeds": self.plan.seeds,
            "limit": self.plan.limit,
            "data_source": self.dataset.source,
            "data_fingerprint": self.plan.fingerprint,
            "test_fingerprint": self.dataset.test_fingerprint,
        }.items():
            self.client.log_param(parent, name, value)
        # Last: a comparison that has its key has its rows.
        self.client.set_tag(parent, kept.COMPARISON_TAG, self.plan.key)

    def _make_missing(self, parent: str, bundles: KeptBundles) -> dict[str, str]:
        """Make the runs that are not measured yet; returns why some failed."""
        done = kept.runs_done(self.client, parent)
        seconds = {
            run: done[run.recipe, run.seed].data.metrics[kept.SECONDS_METRIC]
            for run in self.plan.runs
            if (run.recipe, run.seed) in done
        }
        progress = RunProgress(self.progress, self.plan.runs, seconds)
        failures = {}
        for run in self.plan.runs:
            if run in seconds:
                continue
            progress.begin(run)
            started = time.perf_counter()
            try:
                self._make_run(run, progress, bundles)
            except (TrainerError, ContractError) as error:
                failures[str(run)] = " ".join(str(error).split())
            progress.done(run, time.perf_counter() - started)
            self._drop_bundles(parent, bundles)
        return failures

    def _make_run(self, run: PlannedRun, progress: Progress, bundles: KeptBundles) -> None:
        client, plan = self.client, self.plan
        with training_run(client, self.experiment, str(run)) as run_id:
            kept.begin(client, run_id, plan, run)
            started = time.perf_counter()
            labels = self.dataset.labels
            train = limited(self.dataset.train, plan.limit, run.seed, labels)
            record = fit_and_measure(
                run.spec,
                replace(self.dataset, train=train),
                self.cleaning,
                progress,
                seed=run.seed,
                name=plan.name,
                directory=bundles.new(),
            )
            log_training(client, run_id, record)
            kept.keep_measurements(client, run_id, record)
            client.log_metric(run_id, kept.SECONDS_METRIC, time.perf_counter() - started)
            bundles.keep(run_id)
            client.set_tag(run_id, kept.STATE_TAG, kept.MEASURED)

    def _measured(self, parent: str) -> dict[str, list[kept.MeasuredRun]]:
        """The measured runs of each recipe, in the plan's order."""
        done = kept.runs_done(self.client, parent)
        return {
            str(spec): [
                kept.load_run(self.client, done[str(spec), seed])
                for seed in range(self.plan.seeds)
                if (str(spec), seed) in done
            ]
            for spec in self.plan.specs
        }

    def _drop_bundles(self, parent: str, bundles: KeptBundles) -> None:
        """Keep the bundle of each recipe's best run so far."""
        best: dict[str, tuple[float, str]] = {}
        for (recipe, _), run in sorted(kept.runs_done(self.client, parent).items()):
            score = run.data.metrics["validation_macro_f1"]
            if recipe not in best or score > best[recipe][0]:
                best[recipe] = (score, run.info.run_id)
        bundles.keep_only({run_id for _, run_id in best.values()})

    def _conclude(self, parent: str, failures: dict[str, str]) -> Outcome:
        measured = self._measured(parent)
        complete = {
            recipe: runs for recipe, runs in measured.items() if len(runs) == self.plan.seeds
        }
        if not complete:
            reasons = "; ".join(f"{run}: {reason}" for run, reason in failures.items())
            raise TrainerError(f"no recipe could be trained with every seed ({reasons})")
        rows = kept.load_rows(self.client, parent)
        return conclude(self.plan, self.dataset.source, rows, complete, self.terms, failures)

    def _register(self, outcome: Outcome, bundles: KeptBundles) -> int | None:
        """Register the best run's bundle, if it is not registered yet; None if it is not here."""
        client, name, run_id = self.client, self.plan.name, outcome.best.best_run.run_id
        for version in client.search_model_versions(f"run_id = '{run_id}'"):
            if version.name == name:
                return int(version.version)
        bundle = bundles.find(run_id)
        if bundle is None:
            return None
        with training_run(client, self.experiment, outcome.best.recipe, again=run_id):
            discard_models(client, run_id)  # what a kill within this left
            tags = kept.version_tags(client, run_id)
            return int(log_bundle(client, bundle, name=name, run_id=run_id, tags=tags).version)

    def _make_again(self, parent: str, outcome: Outcome, bundles: KeptBundles) -> None:
        """Make the best run anew, in place of the one whose bundle is gone."""
        best = outcome.best.best_run
        (run,) = (
            run for run in self.plan.runs if (run.recipe, run.seed) == (best.recipe, best.seed)
        )
        progress = RunProgress(self.progress, [run], {})
        progress.begin(run)
        self.client.set_tag(best.run_id, kept.STATE_TAG, kept.REPLACED)
        self._make_run(run, progress, bundles)

    def _report(self, made: Made, report: Callable[[Made, Path], None]) -> None:
        best = made.outcome.best
        figures = {
            "best_validation_macro_f1": best.figure("validation", "macro_f1").mean,
            "best_test_accuracy": best.test_accuracy.value,
            "best_test_macro_f1": best.test_macro_f1.value,
        }
        for name, value in figures.items():
            self.client.log_metric(made.parent, name, value)
        self.client.set_tag(made.parent, "best_recipe", best.recipe)
        self.client.log_dict(made.parent, made.outcome.as_dict(), "comparison.json")
        with tempfile.TemporaryDirectory(prefix="report-") as scratch:
            report(made, Path(scratch))
            self.client.log_artifacts(made.parent, scratch)

"""Tuning a real recipe on a few rows, stopped and gone on with."""

from dataclasses import replace

import optuna
import pytest

from trainer.errors import TrainerError
from trainer.progress import NoProgress
from trainer.recipes.spec import RecipeSpec
from trainer.tuning.objective import FOLDS, held_out_loss
from trainer.tuning.space import space_of, suggest
from trainer.tuning.study import SECONDS, TuningPlan, open_study, tried
from trainer.tuning.tuning import Tuning

# Naive Bayes of words is what trains fastest; three settings are left to search.
RECIPE = "naive-bayes:features=words:normalisation=none"
EXPERIMENT = "tunings"


@pytest.fixture(scope="module")
def few(sample):
    dataset, cleaning = sample
    return replace(dataset, train=dataset.train.sample(200, 0)), cleaning


@pytest.fixture
def plan(few):
    spec = RecipeSpec.parse(RECIPE)
    return TuningPlan("tuned-model", spec, space_of(spec), 200, 3, few[0].fingerprint)


@pytest.fixture
def tune(tracking, few, plan):
    """A function that goes on with the same tuning until so many trials have ended."""

    def run(trials, progress=None):
        tuning = Tuning(tracking, EXPERIMENT, plan, *few, progress or NoProgress())
        return tuning.make(trials)

    return run


class StoppedAt(NoProgress):
    """Ctrl-C as soon as this trial begins."""

    def __init__(self, trial):
        self.trial = trial

    def start(self, task, total):
        if task.startswith(f"trial {self.trial} of"):
            raise KeyboardInterrupt


def test_a_stopped_tuning_goes_on_and_registers_the_best(tune, plan, tracking):
    with pytest.raises(KeyboardInterrupt):
        tune(4, StoppedAt(3))
    assert tracking.search_model_versions("") == []

    tuned = tune(4)
    assert sum(tuned.trials.values()) == 4
    assert tuned.default_loss is not None
    assert tuned.loss <= tuned.default_loss
    assert tuned.recipe.startswith("naive-bayes:")

    (version,) = tracking.search_model_versions("")
    assert version.run_id == tuned.run_id
    assert version.tags["recipe"] == tuned.recipe
    experiment = tracking.get_experiment_by_name(EXPERIMENT).experiment_id
    runs = tracking.search_runs([experiment])
    trials = [run for run in runs if run.data.tags.get("trial_state")]
    assert len(trials) == 4
    assert {run.data.tags["mlflow.parentRunId"] for run in trials} == {tuned.parent}
    completed = [run for run in trials if run.data.tags["trial_state"] == "complete"]
    assert min(run.data.metrics["loss"] for run in completed) == pytest.approx(tuned.loss)
    folds = tracking.get_metric_history(completed[0].info.run_id, "held_out_loss")
    assert [item.step for item in folds] == list(range(1, FOLDS + 1))
    plots = {item.path for item in tracking.list_artifacts(tuned.parent, "plots")}
    assert "plots/history.png" in plots
    assert [run.info.status for run in runs].count("KILLED") == 1

    # Once more: nothing is tried, trained or registered anew.
    assert tune(4) == tuned
    assert len(tracking.search_model_versions("")) == 1


def test_a_killed_trial_is_closed_and_its_settings_tried_next(plan, tmp_path):
    study = open_study(plan, tmp_path)
    first = study.ask()
    defaults = suggest(first, plan.space)
    assert defaults == {name: plan.spec.settings.model_dump()[name] for name in plan.space}
    first.set_user_attr(SECONDS, 1.0)
    study.tell(first, 0.5)
    killed = suggest(study.ask(), plan.space)

    resumed = open_study(plan, tmp_path)
    assert [trial.state.name for trial in resumed.trials] == ["COMPLETE", "FAIL", "WAITING"]
    assert tried(resumed) == 1
    assert suggest(resumed.ask(), plan.space) == killed


def test_a_trial_may_be_pruned_between_folds(few):
    told = []

    def report(step, loss):
        told.append(step)
        if step == 2:
            raise optuna.TrialPruned

    with pytest.raises(optuna.TrialPruned):
        held_out_loss(RecipeSpec.parse(RECIPE), few[0], NoProgress(), report, seed=0)
    assert told == [1, 2]


def test_settings_that_do_not_suit_the_data_fail_their_trial(tune, few, plan, tracking):
    # Too few rows of a label for the folds: every trial fails, and is told of.
    (least,) = [place for place, label in enumerate(few[0].labels) if label == "neutral"]
    rows = few[0].train
    keep = [place for place, label in enumerate(rows.labels) if label != least]
    starved = replace(few[0], train=rows.take([*keep, list(rows.labels).index(least)]))
    tuning = Tuning(tracking, EXPERIMENT, plan, starved, few[1], NoProgress())
    with pytest.raises(TrainerError, match="none of 2 trials"):
        tuning.make(2)
    experiment = tracking.get_experiment_by_name(EXPERIMENT).experiment_id
    failures = [run.data.tags.get("failure", "") for run in tracking.search_runs([experiment])]
    assert sum("'neutral'" in failure for failure in failures) == 2


@pytest.mark.slow
def test_a_neural_trial_tells_of_every_epoch_and_may_be_pruned_between_them(few):
    spec = RecipeSpec.parse("dense:vectors=learned:epochs=3")
    told = []
    loss = held_out_loss(spec, few[0], NoProgress(), lambda *pair: told.append(pair), seed=0)
    assert [epoch for epoch, _ in told] == list(range(1, len(told) + 1))
    assert loss == pytest.approx(min(loss for _, loss in told))

    def prune(epoch, _):
        raise optuna.TrialPruned(f"after epoch {epoch}")

    with pytest.raises(optuna.TrialPruned, match="after epoch 1"):
        held_out_loss(spec, few[0], NoProgress(), prune, seed=0)

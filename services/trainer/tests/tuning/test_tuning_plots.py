import optuna
import pytest
from optuna.trial import create_trial

from trainer.tuning.plots import (
    LEAST_TRIALS,
    history_figure,
    importances,
    importances_figure,
)
from trainer.tuning.progress import TrialProgress


@pytest.fixture
def study():
    """A loss that depends on `strong` alone."""
    study = optuna.create_study()
    where = optuna.distributions.FloatDistribution(0, 1)
    distributions = {"weak": where, "strong": where}
    for number in range(3 * LEAST_TRIALS):
        params = {"weak": (number * 7 % 10) / 10, "strong": (number * 3 % 11) / 11}
        loss = params["strong"] ** 2
        study.add_trial(create_trial(params=params, distributions=distributions, value=loss))
    study.add_trial(
        create_trial(
            state=optuna.trial.TrialState.PRUNED,
            params=params,
            distributions=distributions,
            intermediate_values={1: 0.9, 2: 0.8},
        )
    )
    return study


def test_the_setting_that_matters_is_told_from_the_one_that_does_not(study):
    shares = importances(study)
    assert list(shares) == ["strong", "weak"]
    assert shares["strong"] > 0.9
    assert sum(shares.values()) == pytest.approx(1)
    bars = importances_figure(shares).axes[0]
    assert [label.get_text() for label in bars.get_yticklabels()] == ["weak", "strong"]


def test_few_trials_or_equal_losses_say_nothing(study):
    few = optuna.create_study()
    few.add_trials(study.trials[: LEAST_TRIALS - 1])
    assert importances(few) == {}
    level = optuna.create_study()
    for trial in study.trials[: 2 * LEAST_TRIALS]:
        trial.values = [0.5]
        level.add_trial(trial)
    assert importances(level) == {}


def test_the_history_shows_the_best_so_far_and_what_was_pruned(study):
    axes = history_figure(study).axes[0]
    best = axes.lines[0].get_ydata()
    losses = [trial.value for trial in study.trials if trial.value is not None]
    assert list(best) == [min(losses[: place + 1]) for place in range(len(losses))]
    pruned = axes.collections[1].get_offsets()
    assert pruned.tolist() == [[3 * LEAST_TRIALS, 0.8]]


def test_a_task_is_shown_behind_its_trial():
    shown = []

    class Kept:
        def start(self, task, total):
            shown.append((task, total))

        def advance(self, steps=1, note=""):
            shown.append((steps, note))

    TrialProgress(Kept(), 1, 3, None, None).start("fit", 5)
    later = TrialProgress(Kept(), 3, 3, 90.0, 0.51234)
    later.start("fit", 5)
    later.advance(2, "note")
    assert shown == [
        ("trial 1 of 3: fit", 5),
        ("trial 3 of 3 (about 2 min left, best loss 0.5123): fit", 5),
        (2, "note"),
    ]

"""What becomes of a comparison when a recipe fails, and when a bundle is gone."""

import pytest

from trainer.comparison.costs import DEFAULT_MACHINE
from trainer.comparison.decision import DEFAULT_WEIGHTS
from trainer.comparison.making import Comparison
from trainer.comparison.outcome import Terms
from trainer.comparison.plan import Plan, parse_recipes
from trainer.errors import TrainerError
from trainer.locking import locked
from trainer.progress import NoProgress
from trainer.tracking.store import work_folder


@pytest.fixture
def compare(tracking, sample):
    """A function that makes a comparison, with a report of one line."""

    def run(recipes, limit=300, progress=None):
        dataset, cleaning = sample
        plan = Plan("compared-model", parse_recipes(recipes), 1, limit, dataset.fingerprint)
        terms = Terms(dict(DEFAULT_WEIGHTS), DEFAULT_MACHINE)
        made = Comparison(
            tracking, "compared", plan, dataset, cleaning, terms, progress or NoProgress()
        )
        return made.make(
            lambda made, folder: (folder / "report.txt").write_text(f"version {made.version}")
        )

    return run


class Tasks(NoProgress):
    """Which tasks were begun."""

    def __init__(self):
        self.begun = []

    def start(self, task, total):
        self.begun.append(task)


def refuse(dataset, settings, progress, *, seed):
    raise TrainerError("these data\ndo not suit")


def test_a_recipe_that_fails_is_left_out_and_a_lost_bundle_made_again(
    compare, tracking, add_recipe
):
    add_recipe("refusing", refuse)
    made = compare("refusing,naive-bayes")
    assert made.outcome.failures == {"refusing, seed 0": "these data do not suit"}
    assert [item.recipe for item in made.outcome.results] == ["naive-bayes"]
    assert made.outcome.contrasts == []
    kept = {item.path for item in tracking.list_artifacts(made.parent)}
    assert {"rows.npz", "comparison.json", "report.txt"} <= kept
    assert not list(work_folder().glob("comparisons/*/*/bundle"))

    # Once more: only what failed is tried, and the same is found.
    tasks = Tasks()
    same = compare("refusing,naive-bayes", progress=tasks)
    assert same.outcome.as_dict() == made.outcome.as_dict()
    assert (same.parent, same.version, tasks.begun) == (made.parent, made.version, [])

    tracking.delete_model_version("compared-model", str(made.version))
    again = compare("refusing,naive-bayes")
    assert again.parent == made.parent
    assert again.outcome.best.best_run.run_id != made.outcome.best.best_run.run_id
    assert again.outcome.best.figure("test", "macro_f1") == made.outcome.best.figure(
        "test", "macro_f1"
    )
    (version,) = tracking.search_model_versions("")
    assert version.run_id == again.outcome.best.best_run.run_id


def test_without_any_recipe_that_suits_there_is_nothing_to_compare(compare, tracking, add_recipe):
    add_recipe("refusing", refuse)
    with pytest.raises(TrainerError, match="refusing, seed 0: these data do not suit"):
        compare("refusing")
    with pytest.raises(TrainerError, match="no example of"):
        compare("naive-bayes", limit=1)
    assert tracking.search_model_versions("") == []


def test_two_processes_do_not_make_the_same_comparison(tmp_path):
    with (
        locked(tmp_path / "work", "it is being made"),
        pytest.raises(TrainerError, match="it is being made by another process already"),
        locked(tmp_path / "work", "it is being made"),
    ):
        pass
    with locked(tmp_path / "work", "it is being made"):
        pass

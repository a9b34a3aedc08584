import pytest

from trainer.comparison.plan import Plan, parse_recipes
from trainer.comparison.progress import RunProgress, in_words, time_left
from trainer.errors import TrainerError
from trainer.recipes import RECIPES


def plan(recipes="naive-bayes,logistic-regression", seeds=2, limit=100, fingerprint="f"):
    return Plan("model", parse_recipes(recipes), seeds, limit, fingerprint)


def test_recipes_are_parted_by_commas_that_begin_one():
    specs = parse_recipes("naive-bayes, logistic-regression:max_iterations=50,bert:weights=/a,1,/b")
    assert [str(spec) for spec in specs] == [
        "naive-bayes",
        "logistic-regression:max_iterations=50",
        "bert:weights=/a,1,/b",
    ]
    assert [spec.recipe for spec in parse_recipes(None)] == list(RECIPES)


@pytest.mark.parametrize(
    ("recipes", "message"),
    [
        ("naive-bayes,naive-bays", "there is no recipe 'naive-bays'"),
        ("naive-bayes,naive-bayes", "'naive-bayes' twice"),
        (
            "logistic-regression,logistic-regression:max_iterations=300",
            "'logistic-regression' twice",
        ),
        ("naive-bayes:nothing=1", "no setting 'nothing'"),
    ],
)
def test_what_cannot_be_compared_is_refused(recipes, message):
    with pytest.raises(TrainerError, match=message):
        parse_recipes(recipes)


def test_every_recipe_is_run_once_before_any_is_run_again():
    assert [str(run) for run in plan().runs] == [
        "naive-bayes, seed 0",
        "logistic-regression, seed 0",
        "naive-bayes, seed 1",
        "logistic-regression, seed 1",
    ]


def test_a_comparison_is_the_same_if_nothing_of_it_differs():
    assert plan().key == plan("naive-bayes, logistic-regression:max_iterations=300").key
    others = [plan("naive-bayes"), plan(seeds=3), plan(limit=None), plan(fingerprint="g")]
    assert len({plan().key, *(other.key for other in others)}) == 5


def test_the_time_left_is_that_of_the_same_recipe_where_it_is_known():
    runs = plan().runs
    assert time_left(runs, {}) is None
    # One naive Bayes took 10 s: so will the other, and for now the two logistic regressions.
    assert time_left(runs, {runs[0]: 10}) == 30
    assert time_left(runs, {runs[0]: 10, runs[1]: 100}) == 110
    assert (in_words(42), in_words(600), in_words(9_000)) == ("42 s", "10 min", "2.5 h")


def test_a_task_is_shown_behind_its_run():
    class Kept:
        def __init__(self):
            self.tasks = []

        def start(self, task, total):
            self.tasks.append((task, total))

        def advance(self, steps=1, note=""):
            pass

    kept, runs = Kept(), plan().runs
    progress = RunProgress(kept, runs, {runs[0]: 600.0})
    progress.begin(runs[1])
    progress.start("fit", 5)
    progress.done(runs[1], 30.0)
    progress.begin(runs[2])
    progress.start("fit", 6)
    assert kept.tasks == [
        ("run 2 of 4 (about 30 min left): logistic-regression, seed 0, fit", 5),
        ("run 3 of 4 (about 10 min left): naive-bayes, seed 1, fit", 6),
    ]

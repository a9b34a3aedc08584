"""What is concluded from measured runs."""

import json
import re

import pytest

from trainer.comparison.costs import DEFAULT_MACHINE, Machine, chosen_machine
from trainer.comparison.decision import CRITERIA, DEFAULT_WEIGHTS, parse_weights
from trainer.comparison.making import Made
from trainer.comparison.outcome import Terms, conclude
from trainer.comparison.plan import Plan, parse_recipes
from trainer.comparison.report import render
from trainer.errors import TrainerError

MACHINE = Machine("two cores", 0.36, "a test")


@pytest.fixture
def outcome(held_out):
    """A function that concludes from runs by recipe."""

    def make(runs, weights=None, failures=None):
        recipes = parse_recipes(",".join(runs))
        seeds = len(next(iter(runs.values())))
        plan = Plan("model", recipes, seeds, 500, "fingerprint")
        terms = Terms(weights or dict(DEFAULT_WEIGHTS), MACHINE)
        return conclude(plan, "data.csv", held_out, runs, terms, failures or {})

    return make


@pytest.fixture
def two(measured):
    """Naive Bayes is better on validation, logistic regression a little on test."""
    return {
        "logistic-regression": [
            measured("logistic-regression", seed, validation_wrong=20 - seed, test_wrong=58)
            for seed in (0, 1)
        ],
        "naive-bayes": [
            measured("naive-bayes", 0, validation_wrong=12, test_wrong=60),
            measured("naive-bayes", 1, validation_wrong=10, test_wrong=62),
        ],
    }


def test_validation_chooses_the_recipe_and_its_run(outcome, two):
    found = outcome(two)
    assert [item.recipe for item in found.results] == ["naive-bayes", "logistic-regression"]
    assert found.best.best_run.run_id == "naive-bayes-1"
    assert found.best.figure("test", "accuracy").mean == pytest.approx(1 - 61 / 400)
    assert found.best.test_accuracy.value == pytest.approx(1 - 61 / 400)
    assert found.best.figure("validation", "accuracy").deviation == pytest.approx(
        (2 / 120) / 2**0.5
    )


def test_of_equals_the_first_is_best(outcome, measured):
    runs = {name: [measured(name)] for name in ("naive-bayes", "logistic-regression")}
    assert outcome(runs).best.recipe == "naive-bayes"
    swapped = dict(reversed(runs.items()))
    assert outcome(swapped).best.recipe == "logistic-regression"


def test_the_best_is_contrasted_with_each_other_one(outcome, two):
    (contrast,) = outcome(two).contrasts
    assert contrast.recipe == "logistic-regression"
    assert contrast.difference.value == pytest.approx(-3 / 400)
    # The chosen runs are wrong on rows 0 to 61 and 0 to 57: four rows tell them apart.
    assert contrast.p_value == pytest.approx(2 * 0.5**4)
    assert contrast.p_adjusted == contrast.p_value


def test_the_test_split_agrees_or_says_why_not(outcome, measured):
    def check(validation_wrong, test_wrong, rival_wrong):
        runs = {
            "naive-bayes": [
                measured("naive-bayes", validation_wrong=validation_wrong, test_wrong=test_wrong)
            ],
            "logistic-regression": [
                measured("logistic-regression", validation_wrong=40, test_wrong=rival_wrong)
            ],
        }
        return outcome(runs).agreement

    assert check(12, 40, 45).holds
    flattered = check(2, 80, 90)
    assert not flattered.holds
    assert "lower than chance explains" in " ".join(flattered.findings)
    overtaken = check(12, 40, 10)
    assert not overtaken.holds
    assert "logistic-regression is better on test by 0.0750" in " ".join(overtaken.findings)


def test_weights_decide_between_good_and_cheap(outcome, measured):
    runs = {
        "bert": [measured("bert", validation_wrong=6, tweets_per_second=100.0, megabytes=90.0)],
        "bilstm": [measured("bilstm", validation_wrong=8, tweets_per_second=9_100.0)],
        "naive-bayes": [measured("naive-bayes", validation_wrong=16, tweets_per_second=10_100.0)],
    }
    for_quality = outcome(runs, {"accuracy": 3.0, "speed": 1.0}).matrix
    assert [item.recipe for item in for_quality] == ["bilstm", "bert", "naive-bayes"]
    first = for_quality[0]
    assert first.values == pytest.approx({"accuracy": 0.8, "speed": 0.9})
    assert first.score == pytest.approx((3 * 0.8 + 0.9) / 4)

    assert outcome(runs, {"size": 1.0}).matrix[-1].recipe == "bert"
    equal = outcome(runs, {"fit": 1.0}).matrix
    assert [item.score for item in equal] == [1.0, 1.0, 1.0]


def test_weights_are_read_or_refused():
    assert parse_weights([]) == DEFAULT_WEIGHTS
    assert set(DEFAULT_WEIGHTS) <= set(CRITERIA)
    assert parse_weights(["accuracy=0.5", "speed=2"]) == {"accuracy": 0.5, "speed": 2.0}
    for given, message in (
        (["beauty=1"], "choose one of accuracy, "),
        (["speed"], "give a number"),
        (["speed=-1"], "give a number"),
        (["speed=inf"], "give a number"),
        (["speed=1", "speed=2"], "weighted twice"),
        (["speed=0"], "every --weight is 0"),
    ):
        with pytest.raises(TrainerError, match=message):
            parse_weights(given)


def test_costs_are_those_of_the_seconds_a_million_tweets_take(outcome, two):
    # A million tweets at 1,000 a second are 1,000 seconds, at 0.36 euros an hour.
    assert outcome(two).cost(outcome(two).best) == pytest.approx(0.1)
    assert chosen_machine(None, None) is DEFAULT_MACHINE
    assert chosen_machine("mine", 1.5) == Machine("mine", 1.5, "as given")
    for name, price, message in (
        ("mine", None, "belong together"),
        (None, 1.0, "belong together"),
        ("mine", 0.0, "above 0"),
    ):
        with pytest.raises(TrainerError, match=message):
            chosen_machine(name, price)


def test_the_errors_to_read_are_the_most_confident_by_line(outcome, two):
    errors = outcome(two).errors
    assert len(errors) == 20
    # Confidence grows with the row, and the last rows that are wrong are those from 61 down.
    assert [item.line for item in errors[:5]] == [5_061, 5_060, 5_059, 5_058, 5_057]
    assert [item.also_wrong for item in errors[:5]] == [0, 0, 0, 0, 1]
    assert all(item.label != item.predicted for item in errors)


def test_the_report_needs_no_other_file_and_says_what_was_found(outcome, two):
    found = outcome(two, failures={"bert, seed 0": "no <weights> here"})
    page = render(Made(found, "parent-run", 7))
    assert "<strong>Best: naive-bayes</strong>" in page
    assert "version 7" in page
    assert "The test split agrees" in page
    assert "no &lt;weights&gt; here" in page
    assert "cloud service: azure" in page
    for item in found.errors:
        assert f'<th scope="row">{item.line}</th>' in page
    sources = re.findall(r'(?:src|href)="([^"]{0,40})', page)
    assert all(re.match(r"data:image/png;base64,|https://(azure|aws)", item) for item in sources)
    images = re.findall(r"<img [^>]*>", page)
    assert len(images) == 4
    assert all(re.search(r'alt="[^"]{40,}"', image) for image in images)


def test_everything_found_is_json(outcome, two):
    content = json.loads(json.dumps(outcome(two).as_dict()))
    assert content["best"]["run_id"] == "naive-bayes-1"
    assert content["recipes"][0]["test"]["accuracy"]["mean"] == pytest.approx(1 - 61 / 400)
    assert content["contrasts"][0]["mcnemar_p_holm"] == pytest.approx(0.125)

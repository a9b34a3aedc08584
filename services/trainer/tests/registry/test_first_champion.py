import json
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from trainer.errors import TrainerError
from trainer.recipes.spec import RecipeSpec
from trainer.registry.versions import champion

NAME = "tweet-sentiment"
OPTIONS = ("first-champion", "--data", "sample")
LINEAR = ("--recipe", "naive-bayes", "--recipe", "logistic-regression")


@pytest.fixture
def run(tracking):
    """A function that runs the command in this process."""
    from trainer.cli import app

    def invoke(*arguments):
        return CliRunner().invoke(app, [*OPTIONS, *arguments])

    return invoke


def recipes_of(tracking):
    found = tracking.search_model_versions(f"name = '{NAME}'")
    return sorted(version.tags["recipe"] for version in found)


def test_the_best_of_the_recipes_becomes_champion_once(run, tracking):
    first = run(*LINEAR)

    assert first.exit_code == 0, first.output
    assert recipes_of(tracking) == ["logistic-regression", "naive-bayes"]
    found = champion(tracking, NAME)
    figures = {
        version.tags["recipe"]: float(version.tags["validation_macro_f1"])
        for version in tracking.search_model_versions(f"name = '{NAME}'")
    }
    assert found.validation_macro_f1 == max(figures.values())
    assert f"{found} of {NAME} is the champion now" in first.stdout

    again = run(*LINEAR)

    assert again.stdout == f"{NAME} has a champion already: version {found.number}\n"
    assert len(recipes_of(tracking)) == 2


def test_stopped_between_two_recipes_it_goes_on_with_the_second(run, tracking, add_recipe):
    def stop(dataset, settings, progress, *, seed):
        raise KeyboardInterrupt

    add_recipe("stopped", stop)
    stopped = run("--recipe", "naive-bayes", "--recipe", "stopped")
    assert stopped.exit_code == 130
    assert recipes_of(tracking) == ["naive-bayes"]
    assert champion(tracking, NAME) is None

    def fit(dataset, settings, progress, *, seed):
        return RecipeSpec.parse("naive-bayes").fit(dataset, progress, seed=seed)

    add_recipe("stopped", fit)
    resumed = run("--recipe", "naive-bayes", "--recipe", "stopped")

    assert resumed.exit_code == 0, resumed.output
    assert recipes_of(tracking) == ["naive-bayes", "stopped"]
    assert champion(tracking, NAME) is not None


def test_a_recipe_that_fails_promotes_nothing(run, tracking, add_recipe):
    def fail(dataset, settings, progress, *, seed):
        raise TrainerError("no")

    add_recipe("failing", fail)
    failed = run("--recipe", "naive-bayes", "--recipe", "failing")

    assert isinstance(failed.exception, TrainerError)
    assert champion(tracking, NAME) is None


def test_a_version_of_other_rows_does_not_stand_for_one_of_these(run, tracking, tmp_path):
    from trainer.data.sample import SAMPLE_PATH

    assert run("--recipe", "naive-bayes").exit_code == 0
    tracking.delete_registered_model_alias(NAME, "champion")
    rows = SAMPLE_PATH.read_text(encoding="utf-8").splitlines(keepends=True)
    other = tmp_path / "other.csv"
    other.write_text("".join(rows[:500]), encoding="utf-8")

    assert run("--data", str(other), "--recipe", "naive-bayes").exit_code == 0

    assert recipes_of(tracking) == ["naive-bayes"] * 2
    assert champion(tracking, NAME).number == 2


def test_a_champion_that_another_tool_registered_is_left_alone(run, tracking):
    tracking.create_registered_model(NAME)
    tracking.create_model_version(NAME, source="s3://elsewhere/model")
    tracking.set_registered_model_alias(NAME, "champion", "1")

    done = run(*LINEAR)

    assert done.stdout == f"{NAME} has a champion already: version 1\n"


def test_with_a_champion_nothing_that_training_needs_is_loaded(run, tracking):
    tracking.create_registered_model(NAME)
    tracking.create_model_version(NAME, source="s3://elsewhere/model")
    tracking.set_registered_model_alias(NAME, "champion", "1")
    slow = ["keras", "matplotlib", "onnxruntime", "sklearn", "tensorflow"]
    code = f"""
import json, sys
from trainer.cli import app
try:
    app({list(OPTIONS)!r})
except SystemExit:
    print(json.dumps([name for name in {slow} if name in sys.modules]))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)

    said, loaded = done.stdout.splitlines()
    assert said == f"{NAME} has a champion already: version 1"
    assert json.loads(loaded) == []


def test_an_unknown_recipe_is_refused_before_anything(run):
    refused = run("--recipe", "naive-bays")
    assert refused.exit_code == 2
    assert "there is no 'naive-bays'" in refused.output

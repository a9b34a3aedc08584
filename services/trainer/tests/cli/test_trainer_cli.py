import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

COMMAND = str(Path(sys.executable).parent / "trainer")
SLOW = (
    "azure",
    "boto3",
    "keras",
    "matplotlib",
    "mlflow",
    "numpy",
    "onnx",
    "pandas",
    "polars",
    "sklearn",
    "tensorflow",
)


@pytest.fixture
def trainer(tracking):
    """A function that runs a command in this process and returns what it printed."""
    from trainer.cli import app

    def run(*arguments):
        result = CliRunner().invoke(app, arguments, catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.stdout

    return run


def refused(*arguments, **options):
    return subprocess.run([COMMAND, *arguments], capture_output=True, text=True, **options)


def test_starting_imports_nothing_slow():
    code = f"import sys, trainer.cli; print([name for name in {SLOW} if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.stdout.strip() == "[]", result.stderr


def test_help_names_every_command():
    result = refused("--help")
    assert result.returncode == 0
    for command in (
        "recipes",
        "train",
        "evaluate",
        "baseline",
        "retrain",
        "watch",
        "promote",
        "rollback",
        "champion",
        "first-champion",
        "data",
    ):
        assert f" {command} " in result.stdout


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("train", "naive-bays", "--data", "sample"), "there is no 'naive-bays'"),
        (("train", "naive-bayes"), "--data"),
        (("train", "naive-bayes", "--data", "sample", "--limit", "0"), "--limit"),
        (("promote",), "either --run ID or --best"),
        (("promote", "--best", "--run", "x"), "either --run ID or --best"),
        (("promote", "--best", "--force"), "--force and --reason TEXT go together"),
        (("promote", "--best", "--reason", "x"), "--force and --reason TEXT go together"),
        (("retrain", "--data", "sample", "--recipe", "bret"), "there is no 'bret'"),
        (("evaluate", "--model", "x", "--data", "y", "--split", "train"), "--split"),
    ],
)
def test_a_wrong_option_is_status_2(arguments, reason):
    result = refused(*arguments)
    assert result.returncode == 2
    assert reason in result.stderr


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("train", "naive-bayes", "--data", "nowhere.csv"), "nowhere.csv"),
        (("train", "naive-bayes", "--data", "sample", "--name", "a/b"), "'a/b' is no model name"),
        (("evaluate", "--model", "nowhere", "--data", "sample"), "nowhere is no directory"),
        (("evaluate", "--model", ".", "--data", "sample"), "there is no manifest.json"),
    ],
)
def test_what_cannot_be_used_is_one_line_and_status_1(arguments, reason, tmp_path):
    result = refused(*arguments, cwd=tmp_path)
    assert result.returncode == 1
    assert result.stderr.startswith("error: ")
    assert reason in result.stderr
    assert result.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_from_data_to_champion(trainer, tmp_path):
    trained = json.loads(
        trainer("train", "naive-bayes", "logistic-regression", "--data", "sample", "--json")
    )
    assert [item["recipe"] for item in trained] == ["naive-bayes", "logistic-regression"]
    assert [item["version"] for item in trained] == [1, 2]

    said = trainer("promote", "--best")
    better = max(trained, key=lambda item: item["validation"]["macro_f1"])
    decided = said.splitlines()[-1]
    assert decided.startswith(f"version {better['version']} ({better['recipe']}) of tweet-sent")
    assert "better than the majority class" in said

    champion = json.loads(trainer("champion", "--json"))
    assert champion["run_id"] == better["run_id"]
    assert better["run_id"] in trainer("champion")

    served = json.loads(
        trainer(
            "evaluate", "--model", "models:/tweet-sentiment@champion", "--data", "sample", "--json"
        )
    )
    assert served["split"] == "test"
    assert served["metrics"] == pytest.approx(
        {name: value for name, value in better["test"].items() if value is not None}
    )

    import mlflow

    directory = mlflow.artifacts.download_artifacts(
        f"models:/tweet-sentiment/{better['version']}/artifacts/bundle", dst_path=str(tmp_path)
    )
    table = trainer("evaluate", "--model", directory, "--data", "sample")
    assert f"{better['test']['macro_f1']:.4f}" in table
    assert "negative" in table

    # Data with fewer labels than the model, in another order, and too small to be trained on.
    other = tmp_path / "other.csv"
    other.write_text("text,label\nwhat a lovely crew thank you,positive\nlost my bag,negative\n")
    scored = json.loads(
        trainer("evaluate", "--model", directory, "--data", str(other), "--split", "all", "--json")
    )
    assert scored["rows"] == 2
    assert scored["metrics"]["accuracy"] == 1


def test_tables_show_both_splits_and_where_the_model_went(trainer):
    shown = trainer("train", "naive-bayes", "--data", "sample", "--name", "other")

    assert "validation" in shown
    assert "test" in shown
    assert "other version 1" in shown


def test_data_with_a_label_the_model_lacks_is_refused(trainer, tmp_path):
    trainer("train", "naive-bayes", "--data", "sample")
    other = tmp_path / "other.csv"
    other.write_text("text,label\nhello,greeting\nlost my bag,negative\n")

    result = refused(
        "evaluate", "--model", "models:/tweet-sentiment/1", "--data", str(other), "--split", "all"
    )
    assert result.returncode == 1
    assert "labels the model does not know: greeting" in result.stderr.splitlines()[-1]


def test_no_champion_is_status_1(tracking):
    result = refused("champion")
    assert result.returncode == 1
    assert result.stderr == (
        "error: tweet-sentiment has no champion: `trainer promote --best` makes one\n"
    )

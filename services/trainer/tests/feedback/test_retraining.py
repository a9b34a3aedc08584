"""`trainer retrain` on its own side: what it refuses, and what it does not do twice."""

import json

import pytest
from typer.testing import CliRunner

from trainer.errors import TrainerError
from trainer.registry.versions import all_versions, champion

NAME = "tweet-sentiment"
COMPLAINT = "zonky crew, zonky flight, all zonky on day {}"


@pytest.fixture
def said(api, monkeypatch):
    """What people said, as the API gives it."""
    kept = []
    api.answers = [(200, {"items": kept, "next": None})]
    monkeypatch.setenv("INFERENCE_URL", api.url)
    return kept


@pytest.fixture
def run(tracking):
    """A function that runs a command of the trainer in this process."""
    from trainer.cli import app

    def invoke(*arguments):
        return CliRunner().invoke(app, list(arguments))

    return invoke


def judged(text, label):
    return {
        "text": text,
        "label": label,
        "predicted_label": "neutral",
        "verdict": "rejected",
        "reviewer_key": "ann",
        "audit": False,
        "judged_at": "2026-01-01T00:00:00Z",
        "model_name": NAME,
    }


def test_corrections_train_twice_as_much_and_the_decision_is_kept(run, said, tracking):
    first = run("first-champion", "--data", "sample", "--recipe", "logistic-regression")
    assert first.exit_code == 0, first.output

    nothing = run("retrain", "--data", "sample")
    assert nothing.exit_code == 0, nothing.output
    assert "nothing new: the champion was trained by logistic-regression" in nothing.output
    assert len(all_versions(tracking, NAME)) == 1

    said += [judged(COMPLAINT.format(day), "negative") for day in range(40)]
    done = run("retrain", "--data", "sample", "--json", "--latency-ms", "0.1")

    # The model is better on feedback, but none is that fast.
    assert done.exit_code == 3, done.output
    found = json.loads(done.stdout)
    assert found["outcome"] == "refused"
    assert "latency" in found["failed"]
    checks = {check["name"]: check for check in found["checks"]}
    held_out = found["counts"]["feedback"]["held_out"]
    assert checks["better on held-out feedback"]["figures"]["rows"] == held_out >= 5
    assert checks["better on held-out feedback"]["passed"]
    (version,) = [item for item in all_versions(tracking, NAME) if item.number == 2]
    assert version.tags["gate_decision"] == "refused"
    assert "latency" in version.tags["gate_failed"]
    assert json.loads(version.tags["gate_checks"]) == found["checks"]
    assert version.tags["base_source"] == "sample"
    assert version.tags["merged_corrections"] == str(found["counts"]["merged"]["corrections"])
    rows = tracking.get_run(version.run_id).data.params["train_rows"]
    counts = found["counts"]["merged"]
    assert int(rows) == counts["base_rows"] + 2 * counts["corrections"]
    assert champion(tracking, NAME).number == 1

    refused = run("promote", "--run", version.run_id, "--latency-ms", "0.1")
    assert refused.exit_code == 3
    assert "version 1 stays the champion; decided by " in refused.stdout
    forced = run("promote", "--run", version.run_id, "--force", "--reason", "for a show")
    assert forced.exit_code == 0, forced.output
    assert champion(tracking, NAME).number == 2

    back = run("rollback", "--json")
    assert json.loads(back.stdout)["version"] == champion(tracking, NAME).number == 1


def test_what_is_forced_keeps_why_who_and_which_checks_failed(run, tracking, monkeypatch):
    monkeypatch.delenv("INFERENCE_URL", raising=False)
    assert run("train", "naive-bayes", "naive-bayes", "--data", "sample").exit_code == 0
    first, second = all_versions(tracking, NAME)
    forced = ("--force", "--reason", "a rehearsal")
    assert run("promote", "--run", first.run_id, *forced).exit_code == 0

    refused = run("promote", "--run", second.run_id, "--json")

    assert refused.exit_code == 3, refused.output
    found = json.loads(refused.stdout)
    alternatives = ["better on held-out feedback", "better on test"]  # it was trained alike
    assert [name for name in found["failed"] if name.startswith("better")] == alternatives
    assert found["checks"][4]["figures"] == {"difference": 0, "low": 0, "high": 0}
    assert champion(tracking, NAME).number == 1

    shown = run("promote", "--run", second.run_id, *forced)

    assert shown.exit_code == 0, shown.output
    assert "none was read: INFERENCE_URL is not set" in shown.stdout
    tags = champion(tracking, NAME).tags
    assert (tags["gate_decision"], tags["promoted_because"]) == ("forced", "forced: a rehearsal")
    assert tags["gate_failed"] == ", ".join(found["failed"])
    assert tags["previous_champion"] == tags["gate_against"] == "1"
    assert " on " in tags["promoted_by"]
    assert tags["promoted_at"]


def test_the_base_data_must_be_the_champion_s(run, said, tracking, tmp_path):
    assert run("train", "naive-bayes", "--data", "sample").exit_code == 0
    assert run("promote", "--best", "--force", "--reason", "x").exit_code == 0
    from trainer.data.sample import SAMPLE_PATH

    rows = SAMPLE_PATH.read_text(encoding="utf-8").splitlines(keepends=True)
    other = tmp_path / "other.csv"
    other.write_text("".join(rows[:600]), encoding="utf-8")
    refused = run("retrain", "--data", str(other))
    assert isinstance(refused.exception, TrainerError)
    assert "are not those that the champion was measured on (its base data: sample)" in str(
        refused.exception
    )
    assert len(all_versions(tracking, NAME)) == 1


def test_what_is_missing_is_said(run, said, tracking, monkeypatch):
    without = run("retrain", "--data", "sample")
    assert "there is no champion whose recipe to take: give --recipe" in str(without.exception)
    monkeypatch.delenv("INFERENCE_URL")
    without = run("retrain", "--data", "sample")
    assert "set INFERENCE_URL, such as http://127.0.0.1:8000" in str(without.exception)

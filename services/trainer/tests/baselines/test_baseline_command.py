"""`trainer baseline` as a user runs it."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from trainer.data.loading import load_dataset
from trainer.progress import NoProgress

COMMAND = str(Path(sys.executable).parent / "trainer")


def written(path, labels, rows=400):
    """Labelled texts; the word that the servers go by is the label, or the one after it."""
    words = {"negative": "mixed", "neutral": "neutral", "positive": "neutral"}
    lines = ["text,label"]
    for n in range(rows):
        label = labels[n % len(labels)]
        said = words[label] if n % 5 == 0 else label
        said = "unreadable" if n % 37 == 0 else said
        lines.append(f"tweet number {n} is {said},{label}")
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def baseline(tracking, tmp_path, monkeypatch):
    """A function that runs the command in this process."""
    from trainer.cli import app

    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        return CliRunner().invoke(app, ["baseline", *map(str, arguments)])

    return run


def test_nothing_is_sent_before_the_cost_is_agreed(baseline, azure, tmp_path):
    data = written(tmp_path / "tweets.csv", ("negative", "positive"))
    result = baseline("azure", "--data", data, "--limit", 20)
    assert result.exit_code == 1
    assert "nothing was sent: add --yes" in str(result.exception)
    assert "20 of 20 texts to send, 20 units, about 0.02 euros (0.02 dollars" in result.stderr
    assert "https://azure.microsoft.com/pricing" in result.stderr
    assert azure.requests == []


def test_two_labels_from_question_to_run(baseline, tracking, azure, tmp_path):
    data = written(tmp_path / "tweets.csv", ("negative", "positive"))
    result = baseline("azure", "--data", data, "--limit", 30, "--yes", "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)

    dataset, _ = load_dataset(str(data), progress=NoProgress())
    asked = [text for texts in azure.texts for text in texts]
    assert asked == list(dataset.test.texts[:30])
    labels = [dataset.labels[label] for label in dataset.test.labels[:30]]
    said = [text.split()[-1] for text in asked]
    failed = said.count("unreadable")
    right = sum(word == label for word, label in zip(said, labels, strict=True))
    # The servers' mixed leans to negative and their neutral to positive, as in these data.
    resolved = right + said.count("mixed") + said.count("neutral")
    assert failed
    assert resolved > right
    assert found["scores"]["neutral_is_error"]["accuracy"] == pytest.approx(right / 30)
    assert found["scores"]["neutral_resolved"]["accuracy"] == pytest.approx(resolved / 30)
    assert (found["answered"], found["failed"]) == (30 - failed, failed)
    assert found["failures"] == {"InvalidDocument": failed}
    assert found["cost_euros"] == pytest.approx(0.03 / 1.1)

    run = tracking.get_run(found["run_id"])
    assert run.info.status == "FINISHED"
    assert run.data.params["baseline"] == "azure"
    assert run.data.params["service_model"] == "2026-01-01"
    assert run.data.params["test_fingerprint"] == dataset.test_fingerprint
    assert run.data.metrics["test_neutral_resolved_accuracy"] == pytest.approx(resolved / 30)
    assert run.data.metrics["failed"] == failed
    folder = Path(tracking.download_artifacts(found["run_id"], "reports", str(tmp_path)))
    answers = json.loads((folder / "answers.json").read_text())
    assert [item["label"] for item in answers] == labels
    assert sum("failure" in item for item in answers) == failed
    source = data.read_text().splitlines()
    assert [source[item["line"] - 1].split(",")[0] for item in answers] == asked
    assert len({item["text_sha256"] for item in answers}) == 30
    assert all("tweet number" not in path.read_text() for path in folder.iterdir())
    assert "tweet number" not in json.dumps(run.to_dictionary())


def test_a_second_run_is_free_and_asks_only_about_failures(baseline, comprehend, tmp_path):
    data = written(tmp_path / "tweets.csv", ("negative", "neutral", "positive"))
    first = baseline("comprehend", "--data", data, "--language", "en", "--yes")
    assert first.exit_code == 0, first.output
    assert "three classes" in first.stdout
    assert "INTERNAL_SERVER_ERROR" in first.stdout
    assert "about 273 euros" in first.stdout
    sent = [text for texts in comprehend.texts for text in texts]
    assert all(len(texts) <= 25 for texts in comprehend.texts)

    comprehend.requests.clear()
    again = baseline("comprehend", "--data", data, "--language", "en")
    assert again.exit_code == 1
    failures = sum("unreadable" in text for text in sent)
    assert f"{failures} of {len(sent)} texts to send" in again.stderr

    clean = tmp_path / "clean.csv"
    clean.write_text(
        "".join(line for line in data.open() if "unreadable" not in line), encoding="utf-8"
    )
    free = baseline("comprehend", "--data", clean, "--language", "en", "--json")
    assert free.exit_code == 0, free.output
    assert (json.loads(free.stdout)["sent"], json.loads(free.stdout)["failed"]) == (0, 0)
    assert comprehend.requests == []


def test_other_labels_than_sentiments_are_refused(baseline, azure, tmp_path):
    rows = "".join(f"text {n} said,{('who', 'how')[n % 2]}\n" for n in range(300))
    (tmp_path / "intents.csv").write_text(f"text,label\n{rows}")
    result = baseline("azure", "--data", tmp_path / "intents.csv", "--yes")
    assert "the data's labels are how, who" in str(result.exception)
    assert azure.requests == []


def test_a_refused_key_is_a_failed_run(baseline, tracking, azure, tmp_path, monkeypatch):
    monkeypatch.setenv("AZURE_LANGUAGE_KEY", "another")
    data = written(tmp_path / "tweets.csv", ("negative", "positive"))
    result = baseline("azure", "--data", data, "--yes")
    assert "refused the key" in str(result.exception)
    assert "stopped: 0 of" in result.stderr
    (run,) = tracking.search_runs(
        [tracking.get_experiment_by_name("tweet-sentiment").experiment_id]
    )
    assert run.info.status == "FAILED"
    assert "refused the key" in run.data.tags["failure"]


def test_ctrl_c_keeps_what_was_paid_for(tracking, azure, tmp_path):
    data = written(tmp_path / "tweets.csv", ("negative", "positive"))
    azure.script = [None, None, 120.0]
    command = [COMMAND, "baseline", "azure", "--data", str(data), "--limit", "30", "--yes"]
    process = subprocess.Popen(
        command,
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
        # A shell in the background may have this ignored, and children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    deadline = time.monotonic() + 150
    while len(azure.requests) < 3 and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=90)
    assert process.returncode == 130, errors
    failed = sum("unreadable" in text for texts in azure.texts[:2] for text in texts)
    assert f"stopped: {20 - failed} of 30 answers are kept in .radar/baselines.db" in errors
    (run,) = tracking.search_runs(
        [tracking.get_experiment_by_name("tweet-sentiment").experiment_id]
    )
    assert run.info.status == "KILLED"

    cost = subprocess.run(command[:-1], cwd=tmp_path, capture_output=True, text=True)
    assert f"{10 + failed} of 30 texts to send" in cost.stderr
    assert [path.name for path in (tmp_path / ".radar").iterdir()] == ["baselines.db"]

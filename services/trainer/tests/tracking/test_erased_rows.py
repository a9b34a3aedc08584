"""Tweets are erased from what runs keep of their test rows."""

import numpy as np
import pytest
from typer.testing import CliRunner

from trainer.cli import app
from trainer.data.cleaning import normalise
from trainer.data.splitting import hash_of
from trainer.progress import NoProgress
from trainer.tracking.erasing import erase_rows
from trainer.tracking.outcomes import FILE, FOLDER, Outcomes, find_outcomes

TEXTS = ["Lost my bag", "Never again", "lovely crew", "what time is it"]


@pytest.fixture
def run(tracking, tmp_path):
    """A function that makes a run with answers to some texts."""
    experiment = tracking.create_experiment("some", (tmp_path / "artifacts").as_uri())

    def make(texts):
        hashes = np.sort(np.array([hash_of(normalise(text)) for text in texts], np.uint64))
        places = np.arange(len(texts))
        answers = np.stack([1 - places / 10, places / 10], axis=1).astype(np.float32)
        run_id = tracking.create_run(experiment).info.run_id
        folder = tmp_path / run_id
        folder.mkdir()
        Outcomes("t1", ("a", "b"), hashes, places % 2, answers).write(folder)
        tracking.log_artifacts(run_id, str(folder))
        return run_id

    return make


def test_rows_go_from_every_run_and_the_others_keep_their_answers(tracking, run, tmp_path):
    both, deleted, other = run(TEXTS), run(TEXTS), run(TEXTS[2:])
    tracking.create_run(tracking.get_run(both).info.experiment_id)  # one without answers
    tracking.delete_run(deleted)
    before = find_outcomes(tracking, both)
    done = erase_rows(tracking, [" LOST  my bag ", "never seen"], NoProgress())
    assert (done.runs, done.rows) == (2, 2)
    gone = np.uint64(hash_of(normalise(TEXTS[0])))
    stays = before.rows != gone
    for run_id in (both, deleted):
        after = find_outcomes(tracking, run_id)
        assert after.test_fingerprint == before.test_fingerprint
        for name in ("rows", "truth", "probabilities"):
            assert np.array_equal(getattr(after, name), getattr(before, name)[stays])
    assert len(find_outcomes(tracking, other).rows) == 2
    for path in (tmp_path / "artifacts").rglob(f"{FOLDER}/{FILE}"):
        with np.load(path) as content:
            assert gone not in content["rows"]
    again = erase_rows(tracking, TEXTS[:1], NoProgress())
    assert (again.runs, again.rows) == (0, 0)


def test_the_command_takes_texts_from_a_file_or_a_pipe(tracking, run, tmp_path):
    made = run(TEXTS)
    path = tmp_path / "texts.txt"
    path.write_text(f"{TEXTS[0]}\n\n{TEXTS[1]}\n", encoding="utf-8")
    runner = CliRunner()
    assert "2 rows removed from 1 runs" in runner.invoke(app, ["erase", str(path)]).output
    done = runner.invoke(app, ["erase", "-"], input=TEXTS[2])
    assert "1 rows removed from 1 runs" in done.output
    assert len(find_outcomes(tracking, made).rows) == 1
    path.write_bytes(b"\xff\xfe")
    refused = runner.invoke(app, ["erase", str(path)])
    assert "is not UTF-8" in str(refused.exception)
    assert "holds no text" in str(runner.invoke(app, ["erase", "-"], input="\n").exception)

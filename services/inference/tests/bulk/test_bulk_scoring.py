"""A scoring in this process: order, answers, side file, resuming, and what it refuses to mix."""

import csv
import gzip
import json
import re
import shutil

import fsspec
import numpy as np
import pytest

from contract.manifest import MODEL, QUANTISED_MODEL, Manifest
from inference.bulk import job
from inference.bulk.errors import BulkError
from inference.bulk.output import Output


def test_answers_are_those_of_the_bundle_in_the_order_of_the_input(
    score, answers, write_csv, make_tweets, bundle
):
    outcome = score(write_csv(530))
    assert (outcome.rows, outcome.refused, outcome.scored_now) == (530, 0, 530)
    expected = bundle.predict(make_tweets(530))
    rows = answers()
    assert [row["id"] for row in rows] == [f"a{place}" for place in range(530)]
    assert [row["label"] for row in rows] == [item.label for item in expected]
    assert [row["uncertain"] for row in rows] == [item.uncertain for item in expected]
    assert {row["truncated"] for row in rows} == {False}
    for label in bundle.manifest.labels:
        np.testing.assert_allclose(
            [row[f"p_{label}"] for row in rows],
            [item.probabilities[label] for item in expected],
            atol=1e-5,
        )
    assert len({row["model_version"] for row in rows}) == 1
    assert any(row["uncertain"] for row in rows)


def test_rows_that_cannot_be_read_are_in_a_side_file(score, answers, tmp_path):
    first, second = tmp_path / "a.csv", tmp_path / "b.jsonl"
    first.write_text("text\nlate\nx,y\n" + "g" * 10_001 + "\nlovely\n")
    second.write_text('{"text": "gate"}\n{"text": "secret \\ud800"}\nsecret\n')
    outcome = score(first, second, block_rows=2)
    assert (outcome.rows, outcome.refused) == (3, 4)
    assert [row["id"] for row in answers()] == ["a.csv:2", "a.csv:5", "b.jsonl:1"]
    side = (tmp_path / "out" / "refused.jsonl").read_text()
    assert [json.loads(line) for line in side.splitlines()] == [
        {"file": str(first), "line": 3, "reason": "2 cells where the first record has 1"},
        {
            "file": str(first),
            "line": 4,
            "reason": "the text has 10001 characters; at most 10000 are read",
        },
        {"file": str(second), "line": 2, "reason": "the text is not valid Unicode"},
        {"file": str(second), "line": 3, "reason": "not JSON"},
    ]
    assert not (tmp_path / "out" / "refused").exists()


def test_csv_answers_say_the_same(score, answers, write_csv, tmp_path):
    path = write_csv(250)
    score(path)
    score(path, output=tmp_path / "csv", output_format="csv")
    rows = []
    for part in sorted((tmp_path / "csv" / "scores").iterdir()):
        with part.open(newline="") as file:
            rows.extend(csv.DictReader(file))
    expected = answers()
    assert [row["id"] for row in rows] == [row["id"] for row in expected]
    assert [float(row["p_neutral"]) for row in rows] == pytest.approx(
        [row["p_neutral"] for row in expected], abs=1e-6
    )
    assert [row["uncertain"] == "true" for row in rows] == [row["uncertain"] for row in expected]


def test_an_object_store_takes_input_and_answers(score, write_csv, content, tmp_path):
    memory = fsspec.filesystem("memory")
    memory.pipe_file("/bulk/in/tweets.csv.gz", gzip.compress(write_csv(250).read_bytes()))
    score("memory://bulk/in/*.gz", output="memory://bulk/out")
    score(write_csv(250))
    assert {
        name: memory.cat_file(f"/bulk/out/{name}") for name in content(tmp_path / "out")
    } == content(tmp_path / "out")
    assert score("memory://bulk/in/*.gz", output="memory://bulk/out").already_there


def test_addresses_of_arrow_take_input_and_answers(
    score, write_csv, content, tmp_path, monkeypatch
):
    """Its file system of this machine stands in for its object stores: the way to it is theirs."""
    write_csv(250)
    score(tmp_path / "tweets.csv", output=tmp_path / "whole")
    monkeypatch.setattr("inference.bulk.addresses.BY_ARROW", frozenset({"file"}))
    score(f"file://{tmp_path}/*.csv", output=f"file://{tmp_path}/out")
    assert content(tmp_path / "out") == content(tmp_path / "whole")
    said = json.loads((tmp_path / "out" / "scoring.json").read_text())
    assert said["inputs"][0]["address"] == f"file://{tmp_path}/tweets.csv"
    assert score(f"file://{tmp_path}/*.csv", output=f"file://{tmp_path}/out").already_there


def test_a_second_run_scores_what_the_first_left(score, write_csv, content, tmp_path, monkeypatch):
    path = write_csv(530)
    score(path, output=tmp_path / "whole")
    monkeypatch.setattr(job, "Output", _Stopping)
    _Stopping.left = 2
    with pytest.raises(KeyboardInterrupt):
        score(path)
    monkeypatch.undo()
    assert len(list((tmp_path / "out" / "scores").iterdir())) == 2
    outcome = score(path)
    assert (outcome.rows, outcome.scored_now) == (530, 330)
    assert content(tmp_path / "out") == content(tmp_path / "whole")
    assert score(path).already_there


class _Stopping(Output):
    left = 0

    def write_block(self, block, output_format):
        if not _Stopping.left:
            raise KeyboardInterrupt
        _Stopping.left -= 1
        super().write_block(block, output_format)


def test_another_model_input_or_setting_is_not_mixed_in(
    score, write_csv, make_bundle, tmp_path, content
):
    path = write_csv(150)
    score(path)
    before = content(tmp_path / "out")
    other = make_bundle(tmp_path / "other", strength=1.0)
    with pytest.raises(BulkError, match="begun with tweet-sentiment version"):
        score(path, model=str(other))
    with pytest.raises(BulkError, match="block rows 100, now 70"):
        score(path, block_rows=70)
    with pytest.raises(BulkError, match="output format parquet, now csv"):
        score(path, output_format="csv")
    with pytest.raises(BulkError, match="begun with other input files, 1 of them"):
        score(path, write_csv(5, name="more.csv"))
    write_csv(151)
    with pytest.raises(BulkError, match=r"tweets\.csv changed since"):
        score(path)
    assert content(tmp_path / "out") == before
    (tmp_path / "out" / "scoring.json").unlink()
    with pytest.raises(BulkError, match="files of something else"):
        score(path)
    (tmp_path / "out" / "scoring.json").write_text("{}")
    with pytest.raises(BulkError, match=r"scoring\.json was not written by this version"):
        score(path)


def test_two_at_once_on_one_output_are_refused(score, write_csv, tmp_path):
    with (
        Output(str(tmp_path / "out")).locked(),
        pytest.raises(BulkError, match="written by another process"),
    ):
        score(write_csv(5))


def test_a_damaged_file_stops_no_other_and_may_be_mended(
    score, write_csv, content, tmp_path, monkeypatch
):
    monkeypatch.setattr("inference.bulk.blocks.PART_BYTES", 1)  # each file by itself
    good, last = write_csv(150, name="a.csv"), write_csv(120, name="c.csv")
    whole = gzip.compress(write_csv(6_000, name="b").read_bytes())
    damaged = tmp_path / "b.csv.gz"
    damaged.write_bytes(whole[:-2_000])
    files = (good, damaged, last)
    with pytest.raises(BulkError, match=r"b\.csv\.gz is damaged or cut short.*all else is scored"):
        score(*files, block_rows=500)
    kept = content(tmp_path / "out")
    assert "scores/00000-000000.parquet" in kept
    assert "scores/00002-000000.parquet" in kept
    assert len(kept) > 5  # what could be read of the damaged one, too
    with pytest.raises(BulkError, match="damaged or cut short"):
        score(*files, block_rows=500)
    assert content(tmp_path / "out") == kept

    damaged.write_bytes(whole)
    outcome = score(*files, block_rows=500)
    assert (outcome.rows, outcome.scored_now) == (6_270, 6_000)
    score(*files, block_rows=500, output=tmp_path / "whole")
    assert content(tmp_path / "out") == content(tmp_path / "whole")


def test_what_a_kill_left_half_written_is_removed(score, write_csv, tmp_path):
    folder = tmp_path / "out" / "scores"
    folder.mkdir(parents=True)
    (folder / ".tmp-0123").write_bytes(b"half")
    score(write_csv(5))
    assert [path.name for path in folder.iterdir()] == ["00000-000000.parquet"]


def test_a_model_that_is_not_there_or_is_refused_is_said(score, write_csv, bundle_path, tmp_path):
    path = write_csv(5)
    with pytest.raises(BulkError, match=r"--model .*there is no manifest\.json"):
        score(path, model=str(tmp_path / "none"))
    with pytest.raises(BulkError, match="--model: must be models:/NAME@ALIAS"):
        score(path, model="models:/x")
    changed = shutil.copytree(bundle_path, tmp_path / "changed")
    (changed / "tokenizer.json").write_text("{}")
    with pytest.raises(BulkError, match="'checksum' check"):
        score(path, model=str(changed))
    assert not (tmp_path / "out").exists()


def test_int8_falls_back_and_says_so(score, write_csv, bundle_path, tmp_path):
    directory = shutil.copytree(bundle_path, tmp_path / "elsewhere")
    shutil.copy(directory / MODEL, directory / QUANTISED_MODEL)
    manifest = Manifest.read(directory)
    first, *others = manifest.goldens["fp32"]
    off = first.model_copy(update={"probabilities": tuple(reversed(first.probabilities))})
    manifest.model_copy(
        update={
            "files": manifest.files | {QUANTISED_MODEL: manifest.files[MODEL]},
            "goldens": manifest.goldens | {"int8": (off, *others)},
        }
    ).write(directory)
    score(write_csv(5), model=str(directory))
    assert "the int8 graph is refused here, fp32 runs" in score.progress.getvalue()
    said = json.loads((tmp_path / "out" / "scoring.json").read_text())
    assert said["model"]["precision"] == "fp32"


def test_progress_tells_speed_and_time_left(score, write_csv, monkeypatch):
    monkeypatch.setattr("inference.bulk.progress.SECONDS_BETWEEN_LINES", 0.0)
    score(write_csv(530))
    lines = score.progress.getvalue().splitlines()
    assert re.fullmatch(r"100 tweets, (19|20)%, [0-9,]+ tweets/s, 0 min 0\d s left", lines[0])
    assert lines[-1].startswith("530 tweets, 100%, ")

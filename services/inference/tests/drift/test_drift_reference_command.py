"""`inference drift reference`, as an operator types it."""

import gzip
import json

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from inference.cli import app
from inference.drift import recording
from inference.settings import Settings
from inference.store.tables import DRIFT_GROUPS

TEXTS = [f"the bag number {number} is late" for number in range(230)]


@pytest.fixture
def reference(tmp_path, monkeypatch, store_url, bundle_path):
    """Runs the command on an empty database."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("DATABASE_URL", store_url)
    monkeypatch.setenv("MODEL_SOURCE", str(bundle_path))
    if store_url.startswith("postgres"):
        assert CliRunner().invoke(app, ["migrate"]).exit_code == 0

    def run(content, *options, ok=True):
        path = tmp_path / "tweets"
        path.write_bytes(content)
        result = CliRunner().invoke(app, ["drift", "reference", str(path), *options])
        assert (result.exit_code == 0) is ok, result.output
        return result

    return run


def groups(rows):
    with rows.connect() as connection:
        return connection.execute(select(DRIFT_GROUPS)).mappings().all()


def csv_of(texts, header="id,text"):
    return "\n".join([header, *(f"1,{text}" for text in texts)]).encode()


def test_a_file_is_counted_and_takes_the_place_of_the_one_before(reference, rows):
    said = reference(csv_of(TEXTS)).stderr
    assert "is compared with 220 texts" in said
    before = groups(rows)
    assert len(before) == 11
    assert {row["source"] for row in before} == {"recorded"}
    lines = "\n".join(json.dumps({"text": text}) for text in [*TEXTS[:200], ""])
    assert "200 texts; 1 rows had none" in reference(gzip.compress(lines.encode())).stderr
    after = groups(rows)
    assert len(after) == 10
    assert not {row["id"] for row in before} & {row["id"] for row in after}


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("content", "options", "said"),
    [
        (csv_of(TEXTS[:199]), [], "has 199 texts that can be used; at least 200 are needed"),
        (csv_of(TEXTS, "id,tweet"), [], "has no column 'text' (it has 'id', 'tweet')"),
        (gzip.compress(csv_of(TEXTS))[:-9], [], "cannot be read"),
        (csv_of(TEXTS), ["--encoding", "klingon"], "--encoding klingon: there is no such encoding"),
    ],
)
def test_what_cannot_be_used_is_said_in_one_line(reference, rows, content, options, said):
    result = reference(content, *options, ok=False)
    (line,) = result.stderr.strip().splitlines()
    assert said in line


def test_a_long_sorted_file_is_sampled_evenly(tmp_path, monkeypatch):
    monkeypatch.setattr(recording, "MOST_TEXTS", 400)
    path = tmp_path / "tweets.csv"
    path.write_bytes(csv_of([f"{number}" for number in range(4_000)]))
    texts, refused = recording.sample_texts(path, recording.ColumnOptions())
    numbers = [int(text) for text in texts]
    assert (len(set(numbers)), refused) == (400, 0)
    assert 1_800 < sum(numbers) / 400 < 2_200
    assert 1_700 < sum(numbers[:200]) / 200 < 2_300

"""`inference score --radar`: the counts of a replay, each mention once however often it comes."""

import json
import os
import random
import subprocess
import sys

import pytest
from sqlalchemy import create_engine, func, select
from typer.testing import CliRunner

from inference.cli import app
from inference.settings import Settings
from inference.store.tables import RADAR_COUNTS, RADAR_MENTIONS, RADAR_WORDS

pytest.importorskip("pyarrow", reason="needs the extra radar-inference[bulk]")

KEY = "f3b7a9c1d5e2480796ab14cd35ef6872"


@pytest.fixture
def stores(tmp_path, bundle_path, monkeypatch):
    """Points the settings to a store of its own, by its name; returns the store's URL."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("MODEL_SOURCE", str(bundle_path))
    monkeypatch.setenv("TEXT_HMAC_KEY", KEY)

    def use(name):
        url = f"sqlite:///{tmp_path / name}.db"
        monkeypatch.setenv("DATABASE_URL", url)
        return url

    use("radar")
    return use


@pytest.fixture
def run(stores):
    def run(*arguments, code=0):
        result = CliRunner().invoke(app, list(map(str, arguments)))
        assert result.exit_code == code, result.output
        return result.stderr

    return run


def all_counts(url):
    """Everything that the radar has counted, as rows."""
    engine = create_engine(url)
    words = [column for column in RADAR_WORDS.c if column is not RADAR_WORDS.c.authors]
    try:
        with engine.connect() as connection:
            counts = connection.execute(
                select(RADAR_COUNTS).order_by(*RADAR_COUNTS.primary_key.columns)
            ).all()
            uses = connection.execute(
                select(*words).order_by(*RADAR_WORDS.primary_key.columns)
            ).all()
            mentions = connection.scalar(select(func.count()).select_from(RADAR_MENTIONS))
    finally:
        engine.dispose()
    sums = [row.negative_sum for row in counts]
    whole = [(row.minute, row.airline, row.label, row.mentions, row.reach) for row in counts]
    return whole, sums, uses, mentions


def require_same(url, other):
    counts, sums, uses, mentions = all_counts(url)
    expected, expected_sums, expected_uses, expected_mentions = all_counts(other)
    assert counts == expected
    assert sums == pytest.approx(expected_sums, abs=1e-5)
    assert uses == expected_uses
    assert mentions == expected_mentions


@pytest.mark.parametrize("answers", ["parquet", "csv"])
def test_the_counts_are_those_of_a_replay(
    run, stores, traffic, write_file, tmp_path, monkeypatch, answers
):
    monkeypatch.setattr("inference.bulk.blocks.PART_BYTES", 1)  # each file by itself
    mentions = traffic()
    random.Random(3).shuffle(mentions)
    path = write_file(mentions)
    replayed = stores("replayed")
    run("radar", "replay", path)
    scored = stores("scored")
    half = len(mentions) // 2
    files = (write_file(mentions[:half], "a.csv"), write_file(mentions[half:], "b.csv"))
    options = ("--output", tmp_path / "out", "--format", answers, "--block-rows", 500)
    said = run("score", *files, *options, "--radar")
    assert f"radar: {len(mentions):,} counted; 0 known before; in {scored}" in said
    require_same(scored, replayed)

    # The same again, the same file in another output, and a replay change nothing.
    again = run("score", *files, *options, "--radar")
    assert f"radar: 0 counted; {len(mentions):,} known before" in again
    run("score", path, "--output", tmp_path / "other", "--radar")
    run("radar", "replay", path)
    require_same(scored, replayed)


@pytest.mark.slow
def test_ray_feeds_the_radar_alike(run, stores, traffic, write_file, tmp_path):
    pytest.importorskip("ray", reason="needs the extra radar-inference[bulk]")
    path = write_file(traffic(days=1))
    replayed = stores("replayed")
    run("radar", "replay", path)
    scored = stores("scored")
    run("score", path, "--output", tmp_path / "out", "--engine", "ray", "--radar")
    require_same(scored, replayed)


def test_a_kill_in_the_middle_counts_nothing_twice(
    run, stores, traffic, write_file, until, tmp_path
):
    path = write_file(traffic(days=8, per_hour=60))
    replayed = stores("replayed")
    run("radar", "replay", path)
    url = stores("scored")
    arguments = ("score", str(path), "--output", str(tmp_path / "out"), "--radar")
    process = subprocess.Popen(
        [sys.executable, "-m", "inference", *arguments], stderr=subprocess.PIPE, env=os.environ
    )
    said = b""
    while b"radar: counting" not in said:
        read = process.stderr.read1(4_096)
        assert read, said
        said += read
    until(lambda: all_counts(url)[-1] > 0, "some are counted")
    process.kill()
    process.communicate()
    _, _, _, counted = all_counts(url)
    assert counted < all_counts(replayed)[-1], "it was too late to kill"
    assert json.loads((tmp_path / "out" / "scoring.json").read_text())["finished"]
    assert f"{counted:,} known before" in run(*arguments)
    require_same(url, replayed)


def write(path, content):
    path.write_text(content, encoding="utf-8")
    return path


def test_rows_without_use_are_in_a_side_file(run, stores, tmp_path):
    path = write(
        tmp_path / "some.csv",
        "text,created_at,reach\n"
        "late,2015-03-01T00:00:00Z,1\nlate,soon,1\n,2015-03-01,1\nlate,2999-01-01,1\n"
        "lovely,2015-03-01,many\none cell\n",
    )
    out = tmp_path / "out"
    said = run("score", path, "--output", out, "--radar")
    assert f"5 tweets scored in {out}, 1 rows refused: {out}/refused.jsonl" in said
    assert f"radar: 1 counted; 0 known before; 4 without use: {out}/uncounted.jsonl; in" in said
    side = [json.loads(line) for line in (out / "uncounted.jsonl").read_text().splitlines()]
    assert [(row["file"], row["line"]) for row in side] == [(str(path), at) for at in (3, 4, 5, 6)]
    assert [row["reason"].partition(" such")[0] for row in side] == [
        "created_at: is no time",
        "text: has none, or more than 100000 characters",
        "created_at: lies in the future: give the time of writing; one without a zone is taken to "
        "be UTC",
        "reach: is no number of people",
    ]
    assert "lovely" not in (out / "uncounted.jsonl").read_text()


def test_columns_of_other_names(run, stores, tmp_path):
    sentiment140 = write(
        tmp_path / "s140.csv",
        '"0","7","Mon Apr 06 22:19:45 PDT 2009","NO_QUERY","bob","late"\n'
        '"0","8","Mon Apr 06 22:19:46 PDT 2009","NO_QUERY","bob","late"\n',
    )
    replayed = stores("replayed")
    run("radar", "replay", sentiment140, "--airline", "Mine")
    scored = stores("scored")
    columns = ("--no-header", "--text-column", 6, "--id-column", 2, "--airline", "Mine")
    columns += ("--radar-column", "created_at=3", "--radar-column", "author=5")
    run("score", sentiment140, "--output", tmp_path / "out", "--radar", *columns)
    require_same(scored, replayed)
    assert all_counts(scored)[0][0][1] == "Mine"


def test_times_of_parquet_files(run, stores, tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    times = pa.array([1_425_168_000, 1_425_168_060, None], pa.timestamp("s", "UTC"))
    table = pa.table(
        {"text": ["late", "lovely", "late"], "tweet_created": times, "reach": [1, 2, 3]}
    )
    pq.write_table(table, tmp_path / "tweets.parquet")
    said = run("score", tmp_path / "tweets.parquet", "--output", tmp_path / "out", "--radar")
    assert "radar: 2 counted; 0 known before; 1 without use" in said
    counts = all_counts(stores("radar"))[0]
    assert [(row[0], row[-1]) for row in counts] == [(23_752_800, 1), (23_752_801, 2)]


def test_what_the_radar_cannot_count_is_refused_before_anything_is_scored(
    run, stores, make_bundle, tmp_path
):
    path = write(tmp_path / "some.csv", "text,when\nlate,2015-03-01\n")
    out = tmp_path / "out"

    def refused(*options):
        said = run("score", path, "--output", out, *options, code=1)
        assert not out.exists()
        return said.splitlines()[-1]

    assert (
        "has no column created_at or tweet_created or date, or no value there in its first row: "
        "name it with --radar-column created_at=COLUMN" in refused("--radar")
    )
    assert "add --radar" in refused("--airline", "Mine")
    bad = "--radar-column when=created_at: must be FIELD=COLUMN, FIELD one of created_at, airline"
    assert bad in refused("--radar", "--radar-column", "when=created_at")
    named = ("--radar", "--radar-column", "created_at=when")
    other = make_bundle(tmp_path / "other", strength=1.0)
    assert "--radar counts what the model of MODEL_SOURCE says" in refused(*named, "--model", other)
    moods = make_bundle(tmp_path / "moods", labels=("bad", "neutral", "good"))
    assert "the radar counts the label negative" in refused(*named, "--model", moods)
    run("score", path, "--output", out, *named)


def test_a_file_that_changed_since_it_was_scored_is_not_counted(run, stores, tmp_path):
    path = write(tmp_path / "some.csv", "id,text,created_at\na,late,2015-03-01\n")
    out = tmp_path / "out"
    run("score", path, "--output", out)
    before = path.stat()
    write(path, "id,text,created_at\nb,late,2015-03-01\n")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    said = run("score", path, "--output", out, "--radar", code=1)
    assert f"{path}, line 2: {out} answers another row here" in said
    assert all_counts(stores("radar"))[-1] == 0

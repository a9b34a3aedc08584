"""`inference radar replay`, as an analyst types it, killed and started again."""

import gzip
import json
import random
import subprocess
import sys
import time
from dataclasses import replace

import pytest
from sqlalchemy import create_engine, func, select
from typer.testing import CliRunner

from inference.cli import app
from inference.radar.ordering import by_time
from inference.radar.replay import BLOCK
from inference.radar.rows import BadRow, read_mentions
from inference.settings import Settings
from inference.store.tables import RADAR_COUNTS, RADAR_MENTIONS, RADAR_WORDS

KEY = "f3b7a9c1d5e2480796ab14cd35ef6872"


@pytest.fixture
def environment(tmp_path, bundle_path, monkeypatch):
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    values = {
        "DATA_DIR": str(tmp_path / "data"),
        "MODEL_SOURCE": str(bundle_path),
        "TEXT_HMAC_KEY": KEY,
        "DATABASE_URL": f"sqlite:///{tmp_path / 'radar.db'}",
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    return values


@pytest.fixture
def run(environment):
    def run(*arguments, code=0):
        result = CliRunner().invoke(app, ["radar", "replay", *map(str, arguments)])
        assert result.exit_code == code, result.output
        return result

    return run


def totals(url):
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            counted = connection.execute(
                select(func.sum(RADAR_COUNTS.c.mentions), func.sum(RADAR_COUNTS.c.reach))
            ).one()
            identities = connection.execute(
                select(func.count()).select_from(RADAR_MENTIONS)
            ).scalar_one()
            words = connection.execute(
                select(func.sum(RADAR_WORDS.c.uses)).where(
                    RADAR_WORDS.c.hour == 0, RADAR_WORDS.c.kind == "all"
                )
            ).scalar_one()
    finally:
        engine.dispose()
    return tuple(counted), identities, words


def test_a_file_is_counted_once_and_its_episodes_are_printed(run, environment, traffic, write_file):
    mentions = traffic()
    shuffled = random.Random(3).sample(mentions, len(mentions))
    path = write_file(shuffled)
    first = run(path)
    assert f"{len(mentions):,} counted" in first.stderr
    assert "all airlines: 2026-03-05 " in first.stdout
    assert "gate (" in first.stdout
    again = run(path, "--json")
    assert f"0 counted; {len(mentions):,} known before" in again.stderr
    episodes = [json.loads(line) for line in again.stdout.splitlines()]
    assert {episode["airline"] for episode in episodes} == {None, "Air Paradis", "Other"}
    assert totals(environment["DATABASE_URL"])[0] == (len(mentions), 10 * len(mentions))


def test_a_kill_in_the_middle_loses_nothing_and_counts_nothing_twice(
    environment, run, traffic, write_file, until
):
    mentions = traffic(days=8, per_hour=60)
    path = write_file(mentions)
    command = [sys.executable, "-m", "inference", "radar", "replay", str(path)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
    said = b""
    while f"{4 * BLOCK:,} of".encode() not in said:
        read = process.stderr.read1(4_096)
        assert read, said
        said += read
    process.kill()
    process.wait()
    process.stderr.close()
    (counted, _), identities, _ = totals(environment["DATABASE_URL"])
    assert 4 * BLOCK <= counted < len(mentions)
    assert counted == identities
    second = run(path)
    assert f"{counted:,} known before" in second.stderr
    killed = totals(environment["DATABASE_URL"])
    environment["DATABASE_URL"] = environment["DATABASE_URL"].replace("radar.db", "whole.db")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATABASE_URL", environment["DATABASE_URL"])
        run(path)
    assert killed == totals(environment["DATABASE_URL"])
    assert killed[0] == (len(mentions), 10 * len(mentions))


def test_a_replay_takes_as_long_as_its_speed_says(run, traffic, write_file):
    mentions = traffic(days=1, per_hour=6, surge=False)
    seconds = (mentions[-1].created_at - mentions[0].created_at).total_seconds()
    began = time.monotonic()
    run(write_file(mentions), "--speed", seconds / 2)
    assert 2 <= time.monotonic() - began < 30


def test_sorting_is_the_same_whatever_fits_into_memory(traffic):
    mentions = random.Random(5).sample(traffic(days=1), 500)
    expected = sorted(mentions, key=lambda item: item.created_at)
    assert list(by_time(mentions, run=64)) == list(by_time(mentions, run=1_000)) == expected
    # Files of files of files; and of one moment, the first one first.
    assert list(by_time(mentions, run=8, most_runs=3)) == expected
    same = [replace(item, created_at=mentions[0].created_at) for item in mentions]
    assert list(by_time(same, run=8, most_runs=3)) == same


def write(path, content):
    data = content if isinstance(content, bytes) else content.encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


AIRLINE = (
    "tweet_id,airline_sentiment,negativereason,airline,name,retweet_count,text,tweet_created\n"
    '5,negative,Late Flight,United,ann,3,"two\nlines",2015-02-24 11:35:52 -0800\n'
)
SENTIMENT140 = '"0","7","Mon Apr 06 22:19:45 PDT 2009","NO_QUERY","bob","caf\xe9, late"\n'
JSON_LINES = '{"text": "late", "created_at": "2026-03-01T00:00:00Z", "reach": 2, "id": 9}\n'


def test_files_in_the_forms_of_their_sources(tmp_path):
    (airline,) = read_mentions(write(tmp_path / "airline.csv.gz", AIRLINE))
    assert (airline.text, airline.airline, airline.topic) == ("two\nlines", "United", "Late Flight")
    assert (airline.author, airline.reach, airline.id) == ("ann", 3, "5")
    (tweet,) = read_mentions(
        write(tmp_path / "s140.csv", SENTIMENT140.encode("latin-1")), airline="Mine"
    )
    assert (tweet.text, tweet.author, tweet.id, tweet.airline) == ("café, late", "bob", "7", "Mine")
    (line,) = read_mentions(write(tmp_path / "lines.jsonl", JSON_LINES))
    assert (line.text, line.reach, line.id) == ("late", 2, "9")
    (tab,) = read_mentions(write(tmp_path / "x.tsv", "created_at\ttext\n2026-03-01\tlate\n"))
    assert tab.text == "late"


def test_bad_rows_are_told_by_line_and_column(tmp_path):
    content = (
        "text,created_at,reach\n"
        ",2026-03-01,1\nlate,soon,1\nlate,2026-03-01,many\nlate,2026-03-01\nlate,2026-03-01,1\n"
    )
    found = list(read_mentions(write(tmp_path / "bad.csv", content)))
    assert [(item.line, item.reason.partition(" ")[0]) for item in found[:-1]] == [
        (2, "text:"), (3, "created_at:"), (4, "reach:"), (5, "has")
    ]  # fmt: skip
    assert not isinstance(found[-1], BadRow)
    lines = list(read_mentions(write(tmp_path / "bad.jsonl", '{"text": 1}\n[]\n{\n')))
    assert [item.line for item in lines] == [1, 2, 3]


def test_a_mention_from_the_future_is_refused_and_makes_no_other_one_too_late(run, tmp_path):
    content = "text,created_at\nlate,2999-01-01\nlate,2026-03-01\n"
    path = write(tmp_path / "ahead.csv", content)
    said = run(path).stderr
    assert f"{path}, line 2: created_at: lies in the future: give the time of writing" in said
    assert "1 counted; 0 known before; 1 rows refused" in said


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("empty.csv", "", "is empty"),
        ("columns.csv", "text,when\nx,y\n", "has no column created_at or tweet_created or date"),
        ("cut.csv.gz", None, "cannot be read"),
        ("none.csv", "text,created_at\n,\n", "has no mention that can be counted"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_in_one_line(run, tmp_path, name, content, reason):
    path = tmp_path / name
    if content is None:
        path.write_bytes(gzip.compress(AIRLINE.encode() * 50)[:60])
    else:
        write(path, content)
    assert reason in run(path, code=1).stderr.splitlines()[-1]
    assert "No such file" in run(tmp_path / "gone.csv", code=1).stderr

"""Tweets that the benchmark of drift draws its windows from, in the forms of their files."""

import csv
import gzip

import pytest
from benchmarks import drift
from benchmarks.drift import FILES, LEAST_DAY, texts_of_kinds

from trainer.errors import DataError
from trainer.progress import NoProgress


@pytest.fixture
def folder(tmp_path):
    """Tweets of every kind, few as they are: two days of airlines, and signs beyond ASCII."""
    for file in FILES.values():
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(tmp_path / FILES["airline"], "wt", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["airline_sentiment", "text", "tweet_created"])
        for day, tweets in ((24, LEAST_DAY), (25, LEAST_DAY - 1)):
            for at in range(tweets):
                writer.writerow(["negative", f"late\n{at}", f"2015-02-{day} 23:15:59 -0800"])
    with gzip.open(tmp_path / FILES["Sentiment140"], "wb") as file:
        for at, text in enumerate((b"caf\xc3\xa9 late", b"caf\xe9 lovely")):
            moment = b"Mon Apr 06 22:19:45 PDT 2009"
            file.write(b'"0","%d","%s","NO_QUERY","bob","%s"\n' % (at, moment, text))
    for name in ("English", "French"):
        path = tmp_path / FILES[name]
        path.write_text(f"{name} late\u2028again\n{name} lovely\n", encoding="utf-8")
        path.with_name(path.name.replace("_text", "_labels")).write_text("0\n2\n")
    return tmp_path


def test_tweets_are_read_as_they_were_written(folder):
    texts = texts_of_kinds(folder, NoProgress())
    assert texts["Sentiment140"] == ["café late", "café lovely"]
    assert texts["French"] == ["French late\u2028again", "French lovely"]
    assert len(texts["airline"]) == 2 * LEAST_DAY - 1
    assert texts["airline"][1] == "late\n1"
    assert texts["day 2015-02-24"] == texts["airline"][:LEAST_DAY]
    assert "day 2015-02-25" not in texts


def test_a_file_that_is_missing_is_named(folder, monkeypatch):
    (folder / FILES["French"]).unlink()
    with pytest.raises(DataError, match=r"there is no file .*fr_train_text"):
        texts_of_kinds(folder, NoProgress())
    monkeypatch.setenv("TWEETS_DIR", str(folder))
    monkeypatch.setattr("sys.argv", ["drift"])
    with pytest.raises(SystemExit, match=r"benchmarks\.drift: TWEETS_DIR: there is no file"):
        drift.main()

"""Small labelled files, and a loader that says nothing."""

import csv
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from trainer.data.loading import Rows, load_rows
from trainer.progress import NoProgress

LABELS = ("negative", "neutral", "positive")


@dataclass(frozen=True)
class Tweet:
    text: str
    label: str
    user: str | None = None
    split: str | None = None


@pytest.fixture(scope="session")
def tweets() -> tuple[Tweet, ...]:
    """Enough tweets, users and labels for every split to hold some of each."""
    return tuple(
        Tweet(f'flight {n} was {LABELS[n % 3]}, "quoted", été ✈', LABELS[n % 3], f"user{n // 2}")
        for n in range(300)
    )


def delimited(tweets: Sequence[Tweet], delimiter: str = ",", header: bool = True) -> str:
    written = io.StringIO(newline="")
    writer = csv.writer(written, delimiter=delimiter, lineterminator="\n")
    if header:
        writer.writerow(["text", "label", "user", "split"])
    for tweet in tweets:
        writer.writerow([tweet.text, tweet.label, tweet.user, tweet.split])
    return written.getvalue()


def json_lines(tweets: Sequence[Tweet]) -> str:
    return "".join(json.dumps(vars(tweet)) + "\n" for tweet in tweets)


@pytest.fixture(scope="session")
def as_csv() -> Callable[..., str]:
    return delimited


@pytest.fixture(scope="session")
def as_json_lines() -> Callable[..., str]:
    return json_lines


@pytest.fixture
def rows_of(tmp_path: Path) -> Callable[..., Rows]:
    """Write a file and load its rows, without any check of their number."""

    def load(content: str | bytes, name: str = "tweets.csv", **options: str) -> Rows:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return load_rows(str(path), progress=NoProgress(), **options)

    return load

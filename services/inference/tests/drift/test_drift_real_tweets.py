"""Real tweets: kinds that differ are told apart with 200, and one kind is not told from itself."""

import csv
import gzip
import os
from pathlib import Path

import numpy as np
import pytest

from inference.drift.comparison import compare

pytestmark = [
    pytest.mark.tweets,
    pytest.mark.skipif("TWEETS_DIR" not in os.environ, reason="set TWEETS_DIR to real tweets"),
]
RUNS = 20


@pytest.fixture(scope="module")
def tweets(observed):
    folder = Path(os.environ.get("TWEETS_DIR", "."))
    with gzip.open(folder / "airline/Tweets.csv.gz", "rt", encoding="utf-8") as file:
        airline = [row["text"] for row in csv.DictReader(file)][:4_000]
    with gzip.open(folder / "sentiment140/sentiment140.csv.gz", "rt", encoding="latin-1") as file:
        sentiment140 = [row[5] for row in csv.reader(file)][::3]
    texts = {"airline": airline, "sentiment140": sentiment140}
    for code in ("en", "fr"):
        path = folder / f"umsab/{code}_train_text.txt"
        texts[code] = path.read_text(encoding="utf-8").splitlines()
    return {name: [observed(text) for text in found] for name, found in texts.items()}


def drawn(observations, count, random):
    return [observations[place] for place in random.permutation(len(observations))[:count]]


@pytest.mark.parametrize(("before", "now"), [("sentiment140", "airline"), ("en", "fr")])
@pytest.mark.parametrize("reference", [200, 1_000])
def test_another_kind_is_caught_with_200_tweets(tweets, grouped, before, now, reference):
    for seed in range(RUNS):
        random = np.random.default_rng(seed)
        found = compare(
            grouped(drawn(tweets[before], reference, random)),
            grouped(drawn(tweets[now], 200, random)),
        )
        assert found.drifted


@pytest.mark.parametrize(
    ("reference", "texts", "runs"), [(200, 100, 100), (1_000, 1_000, 40), (5_000, 10_000, 5)]
)
def test_the_same_kind_is_left_alone(tweets, grouped, reference, texts, runs):
    raised = 0
    for seed in range(runs):
        random = np.random.default_rng(seed)
        both = drawn(tweets["sentiment140"], reference + texts, random)
        found = compare(grouped(both[:reference]), grouped(both[reference:]))
        raised += bool(found.drifted)
    assert raised <= 0.05 * runs


@pytest.mark.parametrize(
    ("now", "state"), [("airline", {"drifted"}), ("sentiment140", {"steady", "small"})]
)
def test_words_alone_tell_another_kind(tweets, grouped, now, state):
    for seed in range(5):
        random = np.random.default_rng(seed)
        before = drawn(tweets["sentiment140"], 2_000, random)
        after = before[1_000:] if now == "sentiment140" else drawn(tweets[now], 1_000, random)
        (words,) = [
            item
            for item in compare(grouped(before[:1_000]), grouped(after)).features
            if item.feature == "words"
        ]
        assert words.state in state

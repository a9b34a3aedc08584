"""The tweets that are scored: real ones where there are any, else made of the sample's words."""

import csv
import gzip
import os
import random
from itertools import cycle, islice
from pathlib import Path

from benchmarks.load import sample_texts

REAL = "sentiment140/sentiment140.csv.gz"
TEXT_PLACE = 5
WORDS_IN_TENTHS = (1, 5, 7, 8, 10, 12, 14, 17, 20, 23, 35)
"""Words of a tweet of Sentiment140: the least, then up to which number each tenth of them goes."""


def real_or_generated(rows: int) -> tuple[list[str], str]:
    """Tweets, and where they are from: `TWEETS_DIR`, over again if they are too few, else made."""
    folder = os.environ.get("TWEETS_DIR")
    if not folder:
        return generated(rows), "words of the bundled sample"
    with gzip.open(Path(folder, REAL), "rt", encoding="latin-1", newline="") as file:
        texts = [row[TEXT_PLACE] for row in csv.reader(file)]
    random.Random(0).shuffle(texts)
    return list(islice(cycle(texts), rows)), f"TWEETS_DIR/{REAL}"


def generated(rows: int, seed: int = 0) -> list[str]:
    """Texts of the sample's words, as long as tweets of Sentiment140 are."""
    source = random.Random(seed)
    words = [word for text in sample_texts() for word in text.split()]
    texts = []
    for _ in range(rows):
        tenth = source.randrange(len(WORDS_IN_TENTHS) - 1)
        length = source.randint(WORDS_IN_TENTHS[tenth], WORDS_IN_TENTHS[tenth + 1])
        texts.append(" ".join(source.choices(words, k=length)))
    return texts


def write_tweets(path: Path, texts: list[str]) -> None:
    """Write a file of ids and texts."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "text"])
        writer.writerows(enumerate(texts))


def read_tweets(path: Path) -> list[str]:
    """The texts of such a file."""
    with path.open(encoding="utf-8", newline="") as file:
        return [row["text"] for row in csv.DictReader(file)]

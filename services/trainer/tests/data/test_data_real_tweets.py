"""The real files, where they are: read to the last row, and the figures they are known for."""

import os
import time
from pathlib import Path

import pytest

from trainer.data.loading import load_dataset
from trainer.data.report import ProblemKind
from trainer.progress import NoProgress

pytestmark = [
    pytest.mark.tweets,
    pytest.mark.skipif("TWEETS_DIR" not in os.environ, reason="TWEETS_DIR is not set"),
]

SENTIMENTS = ("negative", "neutral", "positive")


@pytest.mark.parametrize(
    ("file", "format_name", "rows", "labels", "seconds"),
    [
        ("sentiment140/sentiment140.csv.gz", "Sentiment140", 48_825, ("negative", "positive"), 10),
        ("airline/Tweets.csv.gz", "airline tweets", 11_569, SENTIMENTS, 5),
        ("semeval/semeval_2013_2016_task_a.tsv.gz", "SemEval", 50_334, SENTIMENTS, 10),
        ("umsab/fr_train_text.txt", "texts and labels in two files", 1_839, SENTIMENTS, 5),
    ],
)
def test_every_row_is_read(file, format_name, rows, labels, seconds):
    path = Path(os.environ["TWEETS_DIR"], file)
    started = time.process_time()
    data, report = load_dataset(str(path), progress=NoProgress())
    assert time.process_time() - started < seconds
    assert (report.format, report.rows_read) == (format_name, rows)
    assert data.labels == labels
    assert data.languages[0] == ("fr" if "fr_" in file else "en")
    assert report.rows_kept > 0.97 * rows
    for kind in ProblemKind:
        if kind not in (ProblemKind.DUPLICATE, ProblemKind.CONTRADICTORY):
            assert report.rows(kind) == 0, kind
    parts = (data.train, data.validation, data.test)
    shares = [len(part) / report.rows_kept for part in parts]
    assert shares == pytest.approx([0.8, 0.1, 0.1], abs=0.03)
    texts = [set(part.texts) for part in parts]
    assert sum(map(len, texts)) == len(set().union(*texts)) == report.rows_kept

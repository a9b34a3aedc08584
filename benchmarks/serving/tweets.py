"""The tweets that every service is asked about, the same and in the same order for all."""

import json
import os
from collections.abc import Sequence
from pathlib import Path

from benchmarks.load import sample_texts
from benchmarks.serving.workdir import Workdir, write_whole

from trainer.progress import Progress

REAL = "sentiment140/sentiment140.csv.gz"
MOST = 2_048


def prepare_tweets(workdir: Workdir, progress: Progress) -> tuple[list[str], str]:
    """The tweets, and where they are from: `TWEETS_DIR` where it is set, else the sample.

    Real ones are the head of the test split. They are written to the working directory, where the
    bare loop reads them.

    Raises:
        TrainerError: the file in `TWEETS_DIR` cannot be read.
    """
    folder = os.environ.get("TWEETS_DIR")
    texts: Sequence[str]
    if folder:
        from trainer.data.loading import load_dataset

        dataset, _ = load_dataset(str(Path(folder) / REAL), progress=progress)
        texts, source = dataset.test.texts[:MOST], f"TWEETS_DIR/{REAL}"
    else:
        texts, source = sample_texts()[:MOST], "the bundled sample"
    write_whole(workdir.tweets, json.dumps(list(texts)))
    return list(texts), source

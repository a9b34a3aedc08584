"""How fast the trainer reads and learns, side by side with the plain way, in one run.

    make bench-training
    python -m benchmarks.training --quick --weights path/to/tiny/encoder

Prints progress on standard error, a table, and last one line of JSON:

`speedup_bert`: fine-tuning BERT here against plain Keras in float32 with every tweet padded to 64
ids, in tweets a second after the first step; the median of the rounds, which run in turn, with
`speedup_range`. `accuracy_difference`: here less plain, in points on the same test tweets, the mean
of the rounds, with the half width of its 95 % interval over rounds and tweets. `ingest_seconds` and
`ingest_gb`: reading, cleaning and splitting a file of the form and size of Sentiment140.
"""

import argparse
import json
import os
import statistics
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
from benchmarks.training.finetuning import PLAIN_LENGTH, Trained, train_here, train_plainly
from benchmarks.training.generated import write_sentiment140
from benchmarks.training.ingest import measure_ingest

from trainer.data.dataset import Dataset
from trainer.data.loading import load_dataset
from trainer.progress import Progress, shown
from trainer.recipes.bert import BertSettings

TWEETS = "sentiment140/sentiment140.csv.gz"
VALIDATION_ROWS = 256
"""The trainer measures itself on these after each epoch, which is not timed here."""


def main() -> None:
    """Run all rounds and print what they took."""
    options = _options()
    with shown() as progress, tempfile.TemporaryDirectory(prefix="bench-training-") as scratch:
        path = Path(scratch) / "tweets.csv"
        progress.start(f"writing {options.ingest_rows:,} tweets", 1)
        write_sentiment140(path, options.ingest_rows)
        progress.advance()
        ingest = measure_ingest(path)
        path.unlink()
        dataset = _dataset(options.rows, progress)
        test = dataset.test.head(options.test_rows)
        settings = BertSettings(
            weights=options.weights, epochs=options.epochs, max_length=PLAIN_LENGTH
        )
        rounds: list[tuple[Trained, Trained]] = []
        for seed in range(options.rounds):
            plain = train_plainly(dataset, settings, test, progress, seed)
            rounds.append((train_here(dataset, settings, test, progress, seed), plain))
    print(f"{dataset.source}: {len(dataset.train)} training and {len(test)} test tweets")
    print(f"{'round':>5} {'':>6} {'tweets/s':>9} {'seconds':>8} {'accuracy':>9}")
    for number, pair in enumerate(rounds, start=1):
        for name, one in zip(("here", "plain"), pair, strict=True):
            figures = f"{one.tweets_per_second:9.1f} {one.seconds:8.1f} {one.correct.mean():9.4f}"
            print(f"{number:5} {name:>6} {figures}")
    print(json.dumps(_summary(rounds) | _ingest_summary(ingest.seconds, ingest.gigabytes)))


def _summary(rounds: list[tuple[Trained, Trained]]) -> dict[str, object]:
    speedups = [here.tweets_per_second / plain.tweets_per_second for here, plain in rounds]
    differences = np.array(
        [here.correct.astype(float) - plain.correct.astype(float) for here, plain in rounds]
    )
    # Rounds share the test tweets, so that a tweet's mean over rounds is what varies from tweet to
    # tweet, and the seed is what varies from round to round; the larger of the two counts.
    by_tweet = differences.mean(axis=0).std() / np.sqrt(differences.shape[1])
    by_round = differences.mean(axis=1).std(ddof=1) / np.sqrt(len(rounds)) if len(rounds) > 1 else 0
    return {
        "speedup_bert": round(statistics.median(speedups), 2),
        "speedup_range": [round(min(speedups), 2), round(max(speedups), 2)],
        "accuracy_difference": round(100 * float(differences.mean()), 2),
        "accuracy_half_width": round(196 * float(max(by_tweet, by_round)), 2),
        "accuracy": round(float(np.mean([here.correct.mean() for here, _ in rounds])), 4),
    }


def _ingest_summary(seconds: float, gigabytes: float) -> dict[str, object]:
    return {"ingest_seconds": round(seconds, 1), "ingest_gb": round(gigabytes, 2)}


def _dataset(rows: int, progress: Progress) -> Dataset:
    """The tweets of TWEETS_DIR where it is set, else the bundled sample."""
    folder = os.environ.get("TWEETS_DIR")
    source = str(Path(folder) / TWEETS) if folder else "sample"
    dataset, _ = load_dataset(source, limit=rows, progress=progress)
    return replace(
        dataset,
        source=TWEETS if folder else "sample",
        validation=dataset.validation.head(VALIDATION_ROWS),
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.training", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--quick", action="store_true", help="little of everything, for the tests")
    parser.add_argument("--weights", help="as the setting of the recipe bert")
    parser.add_argument("--rows", type=int, default=3_200, help="training tweets [3200]")
    parser.add_argument("--test-rows", type=int, default=5_000, help="the most test tweets [5000]")
    parser.add_argument("--epochs", type=int, default=1, help="passes over them [1]")
    parser.add_argument("--rounds", type=int, default=3, help="trainings of either kind [3]")
    parser.add_argument("--ingest-rows", type=int, default=1_600_000, help="[1600000]")
    options = parser.parse_args()
    if options.quick:
        options.rows, options.test_rows, options.rounds = 96, 50, 1
        options.ingest_rows = 2_000
    for name in ("rows", "test_rows", "epochs", "rounds", "ingest_rows"):
        if getattr(options, name) < 1:
            parser.error(f"--{name.replace('_', '-')} must be 1 or more")
    return options


if __name__ == "__main__":
    main()

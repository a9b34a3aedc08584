"""One way of scoring a file of tweets, in a process of its own; prints tweets a second.

    python -m benchmarks.bulk.measure bare-loop TWEETS BUNDLE

Each loads its model and is warm before the time begins.
"""

import argparse
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.bulk.tweets import read_tweets

from contract.bundle import TOKEN_BUDGET, Bundle
from contract.encoding import length_sorted_batches
from contract.manifest import Precision

WARM_TEXTS = 256
KERAS_PEER = "serving/peers"


def bare_loop(texts: list[str], model: str, precision: Precision, threads: int) -> float:
    """ONNX Runtime in a loop: all texts encoded, sorted by length, batches taken by each thread."""
    bundle = Bundle.open(model, precision=precision)
    bundle.probabilities(texts[:WARM_TEXTS])

    def run() -> None:
        encoded = bundle.encoder.encode(texts)
        batches = length_sorted_batches([item.ids.size for item in encoded], TOKEN_BUDGET)
        lock = threading.Lock()

        def work() -> None:
            while True:
                with lock:
                    batch = next(batches, None)
                if batch is None:
                    return
                bundle.probabilities_of([encoded[index] for index in batch])

        workers = [threading.Thread(target=work) for _ in range(threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()

    return _speed(run, len(texts))


def score(tweets: str, rows: int, model: str, precision: Precision, threads: int) -> float:
    """`inference score`, from the file to the files of answers, without the start."""
    from inference.bulk.blocks import CuttingOptions
    from inference.bulk.job import ScoringOptions, run_scoring

    with tempfile.TemporaryDirectory(prefix="bench-bulk-") as folder:
        outcome = run_scoring(
            ScoringOptions(
                inputs=[tweets],
                output=folder,
                output_format="parquet",
                model=model,
                precision=precision,
                tracking_uri="",
                cutting=CuttingOptions(),
                engine="local",
                address=None,
                threads=threads,
            ),
            sys.stderr,
        )
    if outcome.rows != rows:
        raise SystemExit(f"{outcome.rows} of {rows} tweets were scored")
    return outcome.tweets_per_second


def pyfunc(texts: list[str], model: str) -> float:
    """An MLflow model version of ours, in one call."""
    import mlflow
    import pandas as pd

    loaded = mlflow.pyfunc.load_model(model)
    loaded.predict(pd.DataFrame({"text": texts[:WARM_TEXTS]}))
    table = pd.DataFrame({"text": texts})
    return _speed(lambda: loaded.predict(table), len(texts))


def keras(texts: list[str], model: str, bundle: str) -> float:
    """Keras' `predict` with every tweet padded to the longest, as it is in one call."""
    sys.path.insert(0, str(Path(__file__).parents[1] / KERAS_PEER))
    from keras_text import KerasText

    network = KerasText(model, bundle, "predict")
    network(texts[:WARM_TEXTS])
    return _speed(lambda: network(texts), len(texts))


def _speed(run: Callable[[], object], rows: int) -> float:
    started = time.perf_counter()
    run()
    return rows / (time.perf_counter() - started)


def main() -> None:
    """Measure what the command line names."""
    parser = argparse.ArgumentParser(prog="benchmarks.bulk.measure", description=__doc__)
    parser.add_argument("way", choices=("bare-loop", "score", "pyfunc", "keras"))
    parser.add_argument("tweets")
    parser.add_argument("model")
    parser.add_argument("--bundle", default="")
    parser.add_argument("--precision", default="fp32")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rows", type=int)
    options = parser.parse_args()
    texts = read_tweets(Path(options.tweets))[: options.rows]
    match options.way:
        case "bare-loop":
            speed = bare_loop(texts, options.model, options.precision, options.threads)
        case "score":
            speed = score(
                options.tweets, len(texts), options.model, options.precision, options.threads
            )
        case "pyfunc":
            speed = pyfunc(texts, options.model)
        case _:
            speed = keras(texts, options.model, options.bundle)
    print(speed)


if __name__ == "__main__":
    main()

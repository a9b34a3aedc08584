"""Bulk scoring against a bare loop, our own MLflow model and Keras, in one run.

    make bench-bulk
    python -m benchmarks.bulk --rows 5000 --rounds 3 --linear-rows 200000

Prints progress on standard error, a table, and last one line of JSON. All have the same weights
(all-MiniLM-L6-v2 with one layer on top), in fp32 unless `--precision int8`, the same tweets and two
cores; each runs in a process of its own, and rounds are in turn. A key is the median of the rounds'
ratios; `ranges` has the least and the most.

`vs_bare_loop`: tweets a second of `inference score`, reading and writing included, over those of
ONNX Runtime in a loop that encodes and sorts. `pyfunc_vs_bare_loop`: of our MLflow model in one
call, over that loop; it runs in fp32 always. `vs_keras_predict`: of `inference score` over Keras'
`predict` with padding, which is measured on fewer tweets since it is slow. `peak_gb`: the most
memory of `inference score` with a linear model on a million tweets; `peak_gb_at_a_tenth` that on a
tenth of them.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

from benchmarks.bulk.memory import peak_gigabytes, prepare_linear
from benchmarks.bulk.tweets import real_or_generated, write_tweets
from benchmarks.serving.model import ServedModel, prepare_model
from benchmarks.serving.workdir import BenchmarkError, Workdir, default_path

from trainer.errors import TrainerError
from trainer.progress import Progress, shown

CORES = 2
WAYS = ("bare-loop", "score", "pyfunc", "keras")
RATIOS = {
    "vs_bare_loop": ("score", "bare-loop"),
    "pyfunc_vs_bare_loop": ("pyfunc", "bare-loop"),
    "vs_keras_predict": ("score", "keras"),
}


def main() -> None:
    """Prepare, measure, and print what came of it."""
    options = _options()
    if hasattr(os, "sched_setaffinity"):  # for all that is started from here, too
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
    workdir = Workdir(options.workdir.expanduser().resolve())
    workdir.path.mkdir(parents=True, exist_ok=True)
    tweets = workdir.path / "bulk-tweets.csv"
    try:
        with shown() as progress:
            model = prepare_model(workdir, progress)
            linear = prepare_linear(workdir.path, progress)
            texts, source = real_or_generated(options.rows)
            write_tweets(tweets, texts)
            rounds = _rounds(options, model, tweets, progress)
            progress.start("memory", 2)
            peaks = []
            for rows in (options.linear_rows // 10, options.linear_rows):
                peaks.append(peak_gigabytes(rows, linear))
                progress.advance()
    except (BenchmarkError, TrainerError, RuntimeError) as error:
        sys.exit(f"benchmarks.bulk: {error}")
    except KeyboardInterrupt:
        sys.exit("benchmarks.bulk: stopped; what was prepared is kept")
    print(f"{len(texts):,} tweets of {source}, {options.precision}")
    print(f"{'round':>5}" + "".join(f"{way:>12}" for way in WAYS) + "   tweets/s")
    for number, one in enumerate(rounds, start=1):
        print(f"{number:>5}" + "".join(f"{one[way]:12.1f}" for way in WAYS))
    print(json.dumps(_summary(rounds) | _memory(peaks)))


def _rounds(
    options: argparse.Namespace, model: ServedModel, tweets: Path, progress: Progress
) -> list[dict[str, float]]:
    progress.start("rounds", options.rounds * len(WAYS))
    rounds = []
    for _ in range(options.rounds):
        one: dict[str, float] = {}
        for way in WAYS:
            one[way] = _measure(way, options, model, tweets)
            progress.advance(1, f"{way}: {one[way]:.0f} tweets/s")
        rounds.append(one)
    return rounds


def _measure(way: str, options: argparse.Namespace, model: ServedModel, tweets: Path) -> float:
    """Tweets a second of one way.

    Raises:
        RuntimeError: it failed.
    """
    named = {"pyfunc": model.champion, "keras": model.keras}.get(way, model.bundle)
    command = [sys.executable, "-m", "benchmarks.bulk.measure", way, str(tweets), named]
    command += ["--bundle", model.bundle, "--precision", options.precision]
    if way == "keras":
        command += ["--rows", str(options.keras_rows)]
    environment = os.environ | {
        "MLFLOW_TRACKING_URI": model.tracking_uri,
        "TOKENIZERS_PARALLELISM": "false",
    }
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise RuntimeError(f"{way} failed; what it said stands above")
    return float(done.stdout.splitlines()[-1])


def _summary(rounds: list[dict[str, float]]) -> dict[str, object]:
    figures: dict[str, object] = {}
    ranges = {}
    for name, (ours, theirs) in RATIOS.items():
        ratios = [one[ours] / one[theirs] for one in rounds]
        figures[name] = round(statistics.median(ratios), 2)
        ranges[name] = [round(min(ratios), 2), round(max(ratios), 2)]
    return figures | {"ranges": ranges}


def _memory(peaks: list[float]) -> dict[str, object]:
    tenth, whole = peaks
    return {"peak_gb_at_a_tenth": round(tenth, 2), "peak_gb": round(whole, 2)}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.bulk", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--rows", type=int, default=50_000, help="tweets in a round [50000]")
    parser.add_argument("--keras-rows", type=int, default=4_096, help="of them for Keras [4096]")
    parser.add_argument("--rounds", type=int, default=3, help="[3]")
    parser.add_argument("--linear-rows", type=int, default=1_000_000, help="[1000000]")
    parser.add_argument("--precision", choices=("fp32", "int8"), default="fp32", help="[fp32]")
    parser.add_argument("--workdir", type=Path, default=default_path(), help=f"[{default_path()}]")
    options = parser.parse_args()
    for name in ("rows", "keras_rows", "rounds", "linear_rows"):
        if getattr(options, name) < 1:
            parser.error(f"--{name.replace('_', '-')} must be 1 or more")
    return options


if __name__ == "__main__":
    main()

"""How soon the API is ready with a bundle it has cached, and how much memory it holds under load.

    python -m benchmarks.footprint
    MLFLOW_TRACKING_URI=sqlite:///.radar/mlflow.db python -m benchmarks.footprint models:/NAME/1

Without an address the model is that of `benchmarks.serving`: all-MiniLM-L6-v2 with one layer on
top, in int8, which the API follows by its alias. Prints last one line of JSON: `start_seconds`, the
median from the start of the process to its first 200 from `/readyz`, with `start_range`;
`resident_mb` (of 1,000,000 bytes), the most seen while single tweets and batches are asked in turn,
and `resident_mb_idle` before that.
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import uvloop
from benchmarks.api import RunningApi, running_api
from benchmarks.load import Target, closed_loop, sample_texts
from benchmarks.serving.model import prepare_model
from benchmarks.serving.workdir import BenchmarkError, Workdir, default_path

from trainer.errors import TrainerError
from trainer.progress import Progress, shown

CLIENTS = 64
BATCH = 256
BATCH_CLIENTS = 2
BETWEEN_LOOKS = 0.1
"""Seconds between two looks at the memory."""


def main() -> None:
    """Start the API some times, load it once, and print what it took."""
    options = _options()
    try:
        with shown() as progress:
            source, settings = options.model, {}
            if source is None:
                workdir = Workdir(options.workdir.expanduser().resolve())
                model = prepare_model(workdir, progress)
                source, settings = model.champion, {"MLFLOW_TRACKING_URI": model.tracking_uri}
            print(json.dumps(_measure(source, settings, options, progress)))
    except (BenchmarkError, TrainerError, RuntimeError) as error:
        sys.exit(f"benchmarks.footprint: {error}")


def _measure(
    source: str, settings: dict[str, str], options: argparse.Namespace, progress: Progress
) -> dict[str, object]:
    with tempfile.TemporaryDirectory(prefix="bench-footprint-") as folder:
        data = Path(folder)
        progress.start("starts", options.starts + 1)
        with running_api(source, data, **settings) as api:  # fills the cache, which is not timed
            progress.advance(1, f"with an empty cache {api.start_seconds:.1f} s")
        starts = []
        for _ in range(options.starts):
            with running_api(source, data, **settings) as api:
                starts.append(api.start_seconds)
            progress.advance(1, f"{api.start_seconds:.2f} s")
        with running_api(source, data, **settings) as api:
            idle = api.resident_bytes()
            most = uvloop.run(_most_under_load(api, options.seconds, progress))
    return {
        "start_seconds": round(statistics.median(starts), 2),
        "start_range": [round(min(starts), 2), round(max(starts), 2)],
        "resident_mb": round(most / 1e6),
        "resident_mb_idle": round(idle / 1e6),
    }


async def _most_under_load(api: RunningApi, seconds: float, progress: Progress) -> int:
    target, texts = Target.of(api.url), sample_texts()
    singles = [target.request("/v1/predict", {"text": text}) for text in texts]
    batches = [
        target.request("/v1/predict/batch", {"texts": texts[at : at + BATCH]})
        for at in range(0, len(texts), BATCH)
    ]
    most = 0

    def look(size: int) -> None:
        nonlocal most
        most = max(most, size)

    watching = asyncio.ensure_future(_watch(api, look))
    progress.start("load", 2)
    for requests, clients in ((singles, CLIENTS), (batches, BATCH_CLIENTS)):
        report = await closed_loop(target, requests, clients=clients, seconds=seconds)
        if report.statuses[200] < len(report.answers):
            raise BenchmarkError(f"not every request was answered: {report.summary()}")
        progress.advance(1, f"{most / 1e6:.0f} MB; {report.summary()}")
    watching.cancel()
    return most


async def _watch(api: RunningApi, look: Callable[[int], None]) -> None:
    while True:
        look(api.resident_bytes())
        await asyncio.sleep(BETWEEN_LOOKS)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.footprint", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("model", nargs="?", help="a bundle's folder, or an address in a registry")
    parser.add_argument("--starts", type=int, default=5, help="with the cached bundle [5]")
    parser.add_argument("--seconds", type=float, default=10.0, help="of either load [10]")
    parser.add_argument(
        "--workdir", type=Path, default=default_path(), help="of benchmarks.serving [%(default)s]"
    )
    options = parser.parse_args()
    if options.starts < 1 or not options.seconds > 0:
        parser.error("--starts must be 1 or more, and --seconds more than 0")
    return options


if __name__ == "__main__":
    main()

"""What a change of the model costs the requests meanwhile: the long form of `tests/resilience`.

    python -m benchmarks.swap path/to/bundle path/to/another
    python -m benchmarks.swap path/to/bundle --rounds 20 --every 5

Finds the peak in a closed loop, then sends half as much in an open one: first in steady state, then
with a swap every few seconds, by reloading a directory that is now the one bundle and now the other
(a copy of the first where no other is given). The two phases alternate, so that whatever else the
machine does meets both. Prints last one line of JSON: `p99_steady` and `p99_in_swaps` in
milliseconds, of the requests due while a reload was on its way, and `ratio`, the median over the
rounds; `ratio_with_pauses` counts the whole phase with swaps; `swap_seconds` a reload; `failures`
the answers other than 200.
"""

import argparse
import asyncio
import json
import shutil
import statistics
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import uvloop
from benchmarks.api import running_api
from benchmarks.load import Clients, Report, Target, closed_loop, open_loop, sample_texts

from contract.manifest import Manifest

CLIENTS = 64
WARM_SECONDS = 3.0
PEAK_SECONDS = 5.0
LOAD = 0.5
"""Of the peak."""


@dataclass(frozen=True, slots=True)
class Swap:
    """One reload, in seconds from the start of the load.

    Attributes:
        began: when it was asked for.
        ended: when it was answered.
    """

    began: float
    ended: float


def during(report: Report, times: Sequence[Swap]) -> Report:
    """The answers to the requests that were due in some times."""
    chosen = [
        answer
        for answer in report.answers
        if any(time.began <= answer.due <= time.ended for time in times)
    ]
    return Report(sum(time.ended - time.began for time in times), chosen)


@dataclass(frozen=True, slots=True)
class Round:
    """One phase of each kind.

    Attributes:
        steady: without swaps.
        swapping: with them, the pauses between them included.
        swaps: the reloads in it.
    """

    steady: Report
    swapping: Report
    swaps: list[Swap]


class Place:
    """A directory that is one bundle, and after a flip another."""

    def __init__(self, folder: Path, bundles: Sequence[Path]) -> None:
        self.path = folder / "bundle"
        self._folder = folder
        self._bundles = bundles
        self._flips = 0
        self.flip()

    def flip(self) -> None:
        """Change the bundle, at one instant."""
        link = self._folder / "next"
        link.symlink_to(self._bundles[self._flips % len(self._bundles)])
        link.replace(self.path)
        self._flips += 1


async def measure(url: str, place: Place, options: argparse.Namespace) -> list[Round]:
    """Put the load on the API at a URL, round after round."""
    target = Target.of(url)
    requests = [target.request("/v1/predict", {"text": text}) for text in sample_texts()]
    await closed_loop(target, requests, clients=CLIENTS, seconds=WARM_SECONDS)
    peak = await closed_loop(target, requests, clients=CLIENTS, seconds=PEAK_SECONDS)
    print(f"peak: {peak.summary()}", flush=True)
    rate, seconds, rounds = LOAD * peak.per_second, options.swaps * options.every, []
    for number in range(options.rounds):
        steady = await open_loop(target, requests, rate=rate, seconds=seconds, seed=2 * number)
        load = asyncio.ensure_future(
            open_loop(target, requests, rate=rate, seconds=seconds, seed=2 * number + 1)
        )
        swaps = await _swap(target, place, options.swaps, options.every)
        rounds.append(Round(steady, await load, swaps))
        print(f"round {number + 1}, steady:   {steady.summary()}", flush=True)
        print(f"round {number + 1}, swapping: {rounds[-1].swapping.summary()}", flush=True)
    return rounds


async def _swap(target: Target, place: Place, times: int, every: float) -> list[Swap]:
    """Swap at even distances; returns when.

    Raises:
        RuntimeError: the API refused one.
    """
    clock, asking = asyncio.get_running_loop().time, Clients(target)
    started, swaps = clock(), []
    for number in range(times):
        await asyncio.sleep(max(0.0, started + (number + 0.25) * every - clock()))
        place.flip()
        began = clock() - started
        answer = await asking.ask(target.request("/v1/model/reload", {}))
        if answer.status != 200:
            raise RuntimeError(f"a reload got {answer.status}: {answer.body.decode()}")
        swaps.append(Swap(began, clock() - started))
    asking.close()
    return swaps


def summary(rounds: Sequence[Round]) -> dict[str, object]:
    """What is printed."""
    steady = [item.steady.quantile(0.99) for item in rounds]
    swapping = [during(item.swapping, item.swaps).quantile(0.99) for item in rounds]
    pauses = [item.swapping.quantile(0.99) for item in rounds]
    ratios = [swap / calm for swap, calm in zip(swapping, steady, strict=True)]
    answers = [answer for item in rounds for answer in item.steady.answers + item.swapping.answers]
    return {
        "p99_steady": round(1000 * statistics.median(steady), 2),
        "p99_in_swaps": round(1000 * statistics.median(swapping), 2),
        "ratio": round(statistics.median(ratios), 2),
        "ratio_range": [round(min(ratios), 2), round(max(ratios), 2)],
        "ratio_with_pauses": round(
            statistics.median(all_ / calm for all_, calm in zip(pauses, steady, strict=True)), 2
        ),
        "swaps": sum(len(item.swaps) for item in rounds),
        "swap_seconds": round(
            statistics.median(swap.ended - swap.began for item in rounds for swap in item.swaps), 3
        ),
        "failures": sum(answer.status != 200 for answer in answers),
    }


def main() -> None:
    """Start an API, change its model under load and print what that cost."""
    parser = argparse.ArgumentParser(prog="benchmarks.swap", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("bundle", type=Path, help="a bundle's folder")
    parser.add_argument("other", type=Path, nargs="?", help="another one's [a copy of the first]")
    parser.add_argument("--rounds", type=int, default=5, help="of both phases [5]")
    parser.add_argument("--swaps", type=int, default=4, help="in a phase [4]")
    parser.add_argument("--every", type=float, default=3.0, help="seconds from swap to swap [3]")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-swap-") as scratch:
        other = options.other or _copy(options.bundle, Path(scratch) / "copy")
        place = Place(Path(scratch), [options.bundle.resolve(), other.resolve()])
        with running_api(str(place.path), LOG_LEVEL="WARNING") as api:
            rounds = uvloop.run(measure(api.url, place, options))
    print(json.dumps(summary(rounds)))


def _copy(bundle: Path, folder: Path) -> Path:
    """A bundle like another, which is another model by its manifest alone."""
    shutil.copytree(bundle, folder)
    manifest = Manifest.read(folder)
    later = manifest.created_at + timedelta(seconds=1)
    manifest.model_copy(update={"created_at": later}).write(folder)
    return folder


if __name__ == "__main__":
    main()

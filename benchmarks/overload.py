"""More requests than the API can answer, for minutes: the long form of `tests/resilience`.

    python -m benchmarks.overload path/to/bundle --seconds 300

Finds the peak in a closed loop, before and after sending twice as much in an open one. Prints last
one line of JSON: `peak`, the mean of both, and `goodput` in answers a second, `goodput_share`,
`p99_seconds` of what was accepted beside `deadline_seconds`, how many answers had each status, and
`memory_growth`: the resident memory of the last tenth of the time over that of the second tenth,
less one.
"""

import argparse
import asyncio
import json
import statistics

import uvloop
from benchmarks.api import RunningApi, running_api
from benchmarks.load import Report, Target, closed_loop, open_loop, sample_texts

CLIENTS = 64
WARM_SECONDS = 2.0
SAMPLE_SECONDS = 1.0
"""Between two looks at the memory."""


async def overload(
    api: RunningApi, *, peak_seconds: float, seconds: float, times: float
) -> dict[str, object]:
    """Overload an API.

    Args:
        api: the API.
        peak_seconds: time to find the peak in.
        seconds: time of the overload.
        times: the overload, as a multiple of the peak.

    Returns:
        What is printed.
    """
    target = Target.of(api.url)
    requests = [target.request("/v1/predict", {"text": text}) for text in sample_texts()]
    await closed_loop(target, requests, clients=CLIENTS, seconds=WARM_SECONDS)
    steady = await closed_loop(target, requests, clients=CLIENTS, seconds=peak_seconds)
    print(f"steady: {steady.summary()}", flush=True)
    rate = times * steady.per_second
    memory: list[int] = []
    watching = asyncio.ensure_future(_watch(api, memory))
    report = await open_loop(target, requests, rate=rate, seconds=seconds)
    watching.cancel()
    print(f"at {rate:.0f} requests/s: {report.summary()}", flush=True)
    after = await closed_loop(target, requests, clients=CLIENTS, seconds=peak_seconds)
    print(f"afterwards: {after.summary()}", flush=True)
    return _summary((steady.per_second + after.per_second) / 2, report, memory)


async def _watch(api: RunningApi, memory: list[int]) -> None:
    while True:
        memory.append(api.resident_bytes())
        await asyncio.sleep(SAMPLE_SECONDS)


def _summary(peak: float, report: Report, memory: list[int]) -> dict[str, object]:
    tenth = max(len(memory) // 10, 1)
    early, late = memory[tenth : 2 * tenth] or memory, memory[-tenth:]
    return {
        "peak": round(peak, 1),
        "goodput": round(report.per_second, 1),
        "goodput_share": round(report.per_second / peak, 3),
        "p99_seconds": round(report.quantile(0.99), 3),
        "statuses": {str(status): count for status, count in sorted(report.statuses.items())},
        "memory_mb": round(statistics.median(late) / 1e6, 1),
        "memory_growth": round(statistics.median(late) / statistics.median(early) - 1, 4),
    }


def main() -> None:
    """Start an API, overload it and print what came of it."""
    parser = argparse.ArgumentParser(prog="benchmarks.overload", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("model", help="a bundle's folder, or an address in a registry")
    parser.add_argument("--seconds", type=float, default=300.0, help="of overload [300]")
    parser.add_argument("--peak-seconds", type=float, default=15.0, help="to find the peak [15]")
    parser.add_argument("--times", type=float, default=2.0, help="the peak [2]")
    parser.add_argument("--deadline", type=float, default=10.0, help="of a request, seconds [10]")
    options = parser.parse_args()
    deadline = {"REQUEST_TIMEOUT_SECONDS": str(options.deadline)}
    with running_api(options.model, **deadline) as api:
        load = overload(
            api,
            peak_seconds=options.peak_seconds,
            seconds=options.seconds,
            times=options.times,
        )
        figures = uvloop.run(load)
    print(json.dumps(figures | {"deadline_seconds": options.deadline}))


if __name__ == "__main__":
    main()

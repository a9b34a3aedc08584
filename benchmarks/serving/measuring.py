"""What one service is asked, and what came of it."""

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import uvloop
from benchmarks.load import Answer, Clients, Report, Target, closed_loop, open_loop
from benchmarks.serving.workdir import BenchmarkError

CLIENTS = 64
"""Of the closed loop that finds the most a service can do."""
SHARES = (0.5, 0.8)
"""Of its own saturation at which a service is asked in an open loop."""
WARM_SHARE = 0.15
"""Of the seconds of a phase that go by before a turn is measured."""
BATCH = 256
BATCH_CLIENTS = 2
"""One batch is computed while the next one comes in."""
CHECKED = 64
ANSWER_SECONDS = 60.0
MIN_AGREEMENT = 0.9
"""Share of tweets that must get the label of the fp32 bundle; int8 may differ here and there."""


@dataclass(frozen=True)
class Service:
    """A running service and the bytes to ask it with.

    Attributes:
        name: as in the report.
        target: where it listens.
        requests: one for each tweet, in the order of the tweets.
        label: of an answer's JSON, a name or an index.
        sleeper: its process, if it sleeps between its turns.
    """

    name: str
    target: Target
    requests: Sequence[bytes]
    label: Callable[[Any], str | int]
    sleeper: int | None = None


@dataclass(frozen=True)
class Figures:
    """One turn of a service.

    Attributes:
        per_second: requests answered with 200, a second, from `CLIENTS` clients.
        alone: median seconds of an answer to the only client.
        loaded: for each of `SHARES`, seconds within which 50 % and 99 % of the answers came.
        requests: how many were sent.
        failures: how many of them were not answered with 200.
    """

    per_second: float
    alone: float
    loaded: list[tuple[float, float]]
    requests: int
    failures: int


@dataclass(frozen=True)
class Batches:
    """One turn of our batch endpoint.

    Attributes:
        per_second: tweets answered a second.
        requests: how many were sent.
        failures: how many of them were not answered with 200.
    """

    per_second: float
    requests: int
    failures: int


def check_answers(service: Service, expected: Sequence[str], labels: Sequence[str]) -> None:
    """Make sure that a service answers what it is asked, before it is called fast.

    Args:
        service: which.
        expected: the label of each of the first tweets.
        labels: names by index.

    Raises:
        BenchmarkError: it answers with an error, in another form, or other labels.
    """
    found = []
    try:
        answers = uvloop.run(_ask_each(service, len(expected)))
    except TimeoutError:
        raise BenchmarkError(
            f"{service.name} did not answer a tweet within {ANSWER_SECONDS:.0f} s"
        ) from None
    for answer in answers:
        if answer.status != 200:
            raise BenchmarkError(
                f"{service.name} answers with status {answer.status}: {answer.body[:300]!r}"
            )
        try:
            label = service.label(json.loads(answer.body))
        except (ValueError, LookupError, TypeError) as error:
            raise BenchmarkError(
                f"{service.name} answers in another form ({error!r}): {answer.body[:300]!r}"
            ) from error
        found.append(labels[label] if isinstance(label, int) else label)
    agreement = sum(map(str.__eq__, found, expected)) / len(expected)
    if agreement < MIN_AGREEMENT:
        raise BenchmarkError(
            f"{service.name} gives {agreement:.0%} of the tweets the model's label: it serves "
            "something else"
        )


def warm_up(service: Service, seconds: float) -> None:
    """Let a service compile, cache and grow before it is measured."""
    uvloop.run(closed_loop(service.target, service.requests, clients=CLIENTS, seconds=seconds))


def saturation(service: Service, seconds: float) -> Report:
    """What a service answers to `CLIENTS` clients at once."""
    return uvloop.run(
        closed_loop(service.target, service.requests, clients=CLIENTS, seconds=seconds)
    )


def alone(service: Service, seconds: float) -> Report:
    """What a service answers to one client that waits for each answer."""
    return uvloop.run(closed_loop(service.target, service.requests, clients=1, seconds=seconds))


def measure(service: Service, seconds: float, seed: int) -> Figures:
    """One turn: saturated, alone, and in open loops.

    Args:
        service: which.
        seconds: of each phase; half of it alone.
        seed: of the arrivals in the open loops.

    Raises:
        BenchmarkError: it answered nothing.
    """
    warm_up(service, WARM_SHARE * seconds)
    full = saturation(service, seconds)
    if not full.per_second:
        raise BenchmarkError(f"{service.name} answered none of {len(full.answers)} requests")
    single = alone(service, seconds / 2)
    open_loops = [
        uvloop.run(
            open_loop(
                service.target,
                service.requests,
                rate=share * full.per_second,
                seconds=seconds,
                seed=seed,
            )
        )
        for share in SHARES
    ]
    reports = [full, single, *open_loops]
    sent = sum(len(report.answers) for report in reports)
    return Figures(
        per_second=full.per_second,
        alone=single.quantile(0.5),
        loaded=[(report.quantile(0.5), report.quantile(0.99)) for report in open_loops],
        requests=sent,
        failures=sent - sum(report.statuses[200] for report in reports),
    )


def measure_batches(target: Target, texts: Sequence[str], seconds: float) -> Batches:
    """The speed of our batch endpoint.

    Raises:
        BenchmarkError: it answered nothing, or left tweets without a label.
    """
    size = min(BATCH, len(texts))
    whole = len(texts) // size * size
    requests = [
        target.request("/v1/predict/batch", {"texts": texts[at : at + size]})
        for at in range(0, whole, size)
    ]
    report = uvloop.run(closed_loop(target, requests, clients=BATCH_CLIENTS, seconds=seconds))
    answered = [answer for answer in report.answers if answer.status == 200]
    if not answered:
        raise BenchmarkError(
            f"the batch endpoint answered none of {len(report.answers)} requests: "
            f"{report.answers[0].body[:300]!r}"
        )
    results = json.loads(answered[0].body)["results"]
    if len(results) != size or any(item.get("prediction") is None for item in results):
        raise BenchmarkError("the batch endpoint left tweets without an answer")
    return Batches(
        size * report.per_second, len(report.answers), len(report.answers) - len(answered)
    )


async def _ask_each(service: Service, count: int) -> list[Answer]:
    clients = Clients(service.target)
    try:
        return [
            await asyncio.wait_for(clients.ask(request), ANSWER_SECONDS)
            for request in service.requests[:count]
        ]
    finally:
        clients.close()

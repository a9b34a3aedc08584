"""Rounds in turn: every service is measured once in each, and each round begins with another."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks.load import Target
from benchmarks.serving.catalogue import Choice
from benchmarks.serving.measuring import Batches, Figures, Service, measure, measure_batches
from benchmarks.serving.model import ServedModel
from benchmarks.serving.servers import awake
from benchmarks.serving.tuning import bare_loop
from benchmarks.serving.workdir import Workdir

from trainer.progress import Progress

OURS = "inference serve"
"""The API's name in reports."""


@dataclass
class Round:
    """One turn of everything.

    Attributes:
        figures: of each service, by name.
        batches: of our batch endpoint; None where the loop is not asked for.
        loop: tweets a second of the bare loop, measured next to it.
    """

    figures: dict[str, Figures] = field(default_factory=dict)
    batches: Batches | None = None
    loop: float | None = None


@dataclass(frozen=True)
class Loop:
    """The bare loop: what it runs on."""

    choice: Choice
    model: ServedModel
    workdir: Workdir


def run_round(
    number: int,
    services: Sequence[Service],
    batches: tuple[Target, Sequence[str]],
    loop: Loop | None,
    seconds: float,
    progress: Progress,
) -> Round:
    """Measure every service once.

    Args:
        number: of the round, from 0; the first service moves on by one each time.
        services: all that run, ours among them.
        batches: our API and the tweets for its batch endpoint.
        loop: the bare loop, if it is compared.
        seconds: of each phase.
        progress: told of each service.

    Raises:
        BenchmarkError: a service failed.
    """
    result = Round()
    first = number % len(services)
    for service in [*services[first:], *services[:first]]:
        with awake(service.sleeper):
            figures = measure(service, seconds, seed=number)
        result.figures[service.name] = figures
        progress.advance(1, f"{service.name} {figures.per_second:.0f}/s")
    if loop is not None:
        result.batches = done = measure_batches(*batches, seconds)
        result.loop = bare_loop(loop.choice, loop.model, loop.workdir, seconds)
        progress.advance(1, f"batches {done.per_second:.0f}, bare loop {result.loop:.0f} tweets/s")
    return result

"""Progress of long work: a bar with the time left on a terminal, spaced lines elsewhere."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol, TextIO, runtime_checkable

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as RichProgress

SECONDS_BETWEEN_LINES = 5.0
MOST_BARS = 8
"""Bars of tasks before these go, so that long work does not fill the terminal."""


class Progress(Protocol):
    """Where long work says how far it is."""

    def start(self, task: str, total: int) -> None:
        """Begin a task of `total` steps; ends the one before."""
        ...

    def advance(self, steps: int = 1, note: str = "") -> None:
        """Report steps done, with figures worth showing, such as the current loss."""
        ...


@runtime_checkable
class LossWatcher(Protocol):
    """A `Progress` that is told of every validation loss too."""

    def measured(self, epoch: int, loss: float) -> None:
        """Take note of the loss after an epoch, counted from 1; raising ends the training."""
        ...


def report_loss(progress: Progress, epoch: int, loss: float) -> None:
    """Tell whoever watches of a validation loss; nobody else."""
    if isinstance(progress, LossWatcher):
        progress.measured(epoch, loss)


class NoProgress:
    """Says nothing."""

    def start(self, task: str, total: int) -> None:
        """See `Progress.start`."""

    def advance(self, steps: int = 1, note: str = "") -> None:
        """See `Progress.advance`."""


class BarProgress:
    """A live bar with elapsed and remaining time."""

    def __init__(self, bars: RichProgress) -> None:
        self._bars = bars
        self._task: TaskID | None = None

    def start(self, task: str, total: int) -> None:
        """See `Progress.start`."""
        if self._task is not None:
            self._bars.stop_task(self._task)
        while len(self._bars.task_ids) >= MOST_BARS:
            self._bars.remove_task(self._bars.task_ids[0])
        self._task = self._bars.add_task(task, total=total, note="")

    def advance(self, steps: int = 1, note: str = "") -> None:
        """See `Progress.advance`."""
        if self._task is not None:
            self._bars.update(self._task, advance=steps)
            if note:
                self._bars.update(self._task, note=note)


class LineProgress:
    """A line every few seconds, for logs and pipes."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._task, self._total, self._done = "", 0, 0
        self._started = self._last = 0.0

    def start(self, task: str, total: int) -> None:
        """See `Progress.start`."""
        self._task, self._total, self._done = task, total, 0
        self._started = self._last = time.monotonic()
        print(f"{task}: started, {total} steps", file=self._stream, flush=True)

    def advance(self, steps: int = 1, note: str = "") -> None:
        """See `Progress.advance`."""
        self._done += steps
        now = time.monotonic()
        finished = self._done >= self._total
        if not finished and now - self._last < SECONDS_BETWEEN_LINES:
            return
        self._last = now
        elapsed = now - self._started
        left = elapsed / max(self._done, 1) * (self._total - self._done)
        print(
            f"{self._task}: {self._done}/{self._total}, {elapsed:.0f} s, {left:.0f} s left {note}",
            file=self._stream,
            flush=True,
        )


@contextmanager
def shown(stream: TextIO | None = None) -> Iterator[Progress]:
    """Progress on standard error: a bar where it is a terminal, lines where it is not."""
    stream = stream or sys.stderr
    if not stream.isatty():
        yield LineProgress(stream)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    )
    with RichProgress(*columns, console=Console(file=stream)) as bars:
        yield BarProgress(bars)

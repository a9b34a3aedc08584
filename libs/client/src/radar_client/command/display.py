"""What the command says on standard error: rows that cannot be read, and how far it is."""

import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Self

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from radar_client.command.output import Answered
from radar_client.command.pipeline import Tally

MOST_REPORTS = 20
"""Lines about rows; the output has the error of each."""


class Display(AbstractContextManager["Display"]):
    """Reports rows, and counts them where standard error is a terminal."""

    def __init__(self) -> None:
        console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
        self._bars = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not sys.stderr.isatty(),
        )
        self._task = self._bars.add_task("no rows yet", total=None)
        self._reports = 0

    def told(self, answered: Sequence[Answered], tally: Tally) -> None:
        """Take note of rows that were written."""
        for item in answered:
            if item.row.problem is not None:
                self._report(item)
        self._bars.update(self._task, description=said(tally))

    def say(self, line: str) -> None:
        """Write a line."""
        self._bars.console.print(line)

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def _report(self, item: Answered) -> None:
        self._reports += 1
        if self._reports <= MOST_REPORTS:
            self.say(f"radar: {item.row.source} line {item.row.line}: {item.row.problem}")
        elif self._reports == MOST_REPORTS + 1:
            self.say("radar: more rows cannot be read; the output names each")


def said(tally: Tally) -> str:
    """A tally in words."""
    return f"{tally.answered:,} tweets answered, {tally.failed:,} rows with an error"

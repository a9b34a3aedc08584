"""Progress of many runs: which one this is, and how long the rest will take."""

from collections.abc import Mapping, Sequence

from trainer.comparison.plan import PlannedRun
from trainer.progress import Progress


class RunProgress:
    """Shows every task of a run behind its place among all runs and the time left."""

    def __init__(
        self, progress: Progress, runs: Sequence[PlannedRun], seconds: Mapping[PlannedRun, float]
    ) -> None:
        """Show on `progress`; `seconds` are those of the runs that are done already."""
        self._progress = progress
        self._runs = list(runs)
        self._seconds = dict(seconds)
        self._heading = ""

    def begin(self, run: PlannedRun) -> None:
        """The next tasks belong to this run."""
        left = time_left(self._runs, self._seconds)
        self._heading = f"run {len(self._seconds) + 1} of {len(self._runs)}"
        if left is not None:
            self._heading += f" (about {in_words(left)} left)"
        self._heading += f": {run}"

    def done(self, run: PlannedRun, seconds: float) -> None:
        """A run has ended, well or not, after so many seconds."""
        self._seconds[run] = seconds

    def start(self, task: str, total: int) -> None:
        """See `Progress.start`."""
        self._progress.start(f"{self._heading}, {task}", total)

    def advance(self, steps: int = 1, note: str = "") -> None:
        """See `Progress.advance`."""
        self._progress.advance(steps, note)


def time_left(runs: Sequence[PlannedRun], seconds: Mapping[PlannedRun, float]) -> float | None:
    """Seconds for the runs without any: as long as the same recipe took, else as the mean run.

    Returns:
        None while no run is done.
    """
    if not seconds:
        return None
    overall = sum(seconds.values()) / len(seconds)
    left = 0.0
    for run in runs:
        if run not in seconds:
            same = [taken for other, taken in seconds.items() if other.recipe == run.recipe]
            left += sum(same) / len(same) if same else overall
    return left


def in_words(seconds: float) -> str:
    """A duration to be read at a glance."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes / 60:.1f} h"

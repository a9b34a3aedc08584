"""Progress of many trials."""

from trainer.comparison.progress import in_words
from trainer.progress import Progress


class TrialProgress:
    """Shows every task of a trial behind its number, the time left and the best loss so far."""

    def __init__(
        self,
        progress: Progress,
        number: int,
        trials: int,
        seconds: float | None,
        best: float | None,
    ) -> None:
        """Show on `progress` trial `number` of `trials`, which take `seconds` each."""
        self._progress = progress
        notes = []
        if seconds is not None:
            notes.append(f"about {in_words(seconds * (trials - number + 1))} left")
        if best is not None:
            notes.append(f"best loss {best:.4f}")
        self._heading = f"trial {number} of {trials}" + (f" ({', '.join(notes)})" if notes else "")

    def start(self, task: str, total: int) -> None:
        """See `Progress.start`."""
        self._progress.start(f"{self._heading}: {task}", total)

    def advance(self, steps: int = 1, note: str = "") -> None:
        """See `Progress.advance`."""
        self._progress.advance(steps, note)

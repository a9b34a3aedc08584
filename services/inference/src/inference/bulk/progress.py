"""How far a scoring is: a line that renews itself on a terminal, spaced lines elsewhere."""

import time
from typing import TextIO

SECONDS_ON_TERMINALS = 0.5
SECONDS_BETWEEN_LINES = 5.0


class ScoringProgress:
    """Tells tweets/s and the time left, both of the blocks that this run has scored."""

    def __init__(self, stream: TextIO, total_bytes: int) -> None:
        """Begin.

        Args:
            stream: where to tell.
            total_bytes: of the input, as it is stored; or what `advance` is told in their place.
        """
        self._stream, self._total = stream, max(1, total_bytes)
        self._is_terminal = stream.isatty()
        self._started = self._told = time.monotonic()
        self._bytes = self._scored_bytes = 0
        self.rows = self.scored_rows = self.refused = 0

    @property
    def tweets_per_second(self) -> float:
        """Of this run."""
        return self.scored_rows / max(time.monotonic() - self._started, 1e-6)

    def advance(self, rows: int, refused: int, bytes_read: int, *, scored: bool) -> None:
        """Take note of a block.

        Args:
            rows: texts in it.
            refused: rows that could not be scored.
            bytes_read: of the input, as it is stored.
            scored: whether this run scored it; one before it did else.
        """
        self.rows += rows
        self.refused += refused
        self._bytes += bytes_read
        if scored:
            self.scored_rows += rows
            self._scored_bytes += bytes_read
        wait = SECONDS_ON_TERMINALS if self._is_terminal else SECONDS_BETWEEN_LINES
        if time.monotonic() - self._told >= wait:
            self.tell()

    def tell(self) -> None:
        """Say how far it is."""
        self._told = time.monotonic()
        share = min(1.0, self._bytes / self._total)
        line = f"{self.rows:,} tweets, {share:.0%}, {self.tweets_per_second:,.0f} tweets/s"
        if self._scored_bytes:
            left = max(0, self._total - self._bytes) * (self._told - self._started)
            line += f", {_spoken(left / self._scored_bytes)} left"
        if self.refused:
            line += f", {self.refused:,} rows refused"
        print(
            f"\r\x1b[2K{line}" if self._is_terminal else line,
            end="" if self._is_terminal else "\n",
            file=self._stream,
            flush=True,
        )

    def end(self) -> None:
        """Leave the terminal's line."""
        self.tell()
        if self._is_terminal:
            print(file=self._stream, flush=True)


def _spoken(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s"

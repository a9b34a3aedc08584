"""Scoring the tweets of a file, a moment at a time, so that a visitor can stop it and go on."""

import time
from collections import Counter
from collections.abc import Sequence
from itertools import islice

from frontend.api.answers import BatchItem, Prediction
from frontend.api.client import ApiClient
from frontend.batch.reading import BadRow, Row, Table, texts
from frontend.errors import ApiError, BusyError

MOST_TEXTS = 64
MOST_CHARACTERS = 60_000
"""Of one request: at 12 bytes each, as JSON may write them, they stay below what the API reads."""
PAUSE_SECONDS = 2.0
PATIENCE = 15
"""Requests in a row that may meet a busy service before the job stops by itself."""


class Job:
    """One file on its way through the API.

    Attributes:
        table: the file.
        column: which column holds the tweets.
        bad: records without an answer, those that the API refused among them.
        predictions: the answers so far, by the line of the record.
        failure: why it stopped by itself, if it did.
        stopped: whether it rests until `resume`.
    """

    def __init__(self, table: Table, column: int) -> None:
        self.table = table
        self.column = column
        self._todo, unreadable = texts(table, column)
        self.total = len(self._todo)
        self.bad = sorted([*table.bad, *unreadable], key=lambda row: row.line)
        self.predictions: dict[int, Prediction] = {}
        self.failure: ApiError | None = None
        self.stopped = False
        self._at = 0
        self._refusals = 0
        self._wait_until = 0.0

    @property
    def done(self) -> int:
        """Tweets that were asked about."""
        return self._at

    @property
    def finished(self) -> bool:
        """Whether every tweet was asked about."""
        return self._at == self.total

    @property
    def waiting(self) -> bool:
        """Whether the service was too busy a moment ago."""
        return self._refusals > 0

    def step(self, client: ApiClient, seconds: float) -> None:
        """Go on for about so long; the answer that is awaited then is still taken."""
        until = time.monotonic() + seconds
        while not self.finished and not self.stopped and time.monotonic() < until:
            if time.monotonic() < self._wait_until:
                return
            part = self._next_part()
            try:
                items = client.predict_batch([text for _, text in part])
            except BusyError as error:  # nothing was computed, so the same may be sent again
                self._refusals += 1
                self._wait_until = time.monotonic() + PAUSE_SECONDS
                if self._refusals == PATIENCE:
                    self._stop(error)
            except ApiError as error:
                self._stop(error)
            else:
                self._refusals = 0
                self._at += len(part)
                self._take(part, items)

    def stop(self) -> None:
        """Rest, with what is known so far."""
        self.stopped = True

    def resume(self) -> None:
        """Go on after a rest."""
        self.stopped, self.failure, self._refusals, self._wait_until = False, None, 0, 0.0

    def counts(self) -> Counter[str]:
        """How many tweets have each label."""
        return Counter(prediction.label for prediction in self.predictions.values())

    def answered(self) -> list[tuple[Row, str, Prediction]]:
        """Record, tweet and prediction of all that have one, in the order of the file."""
        done = islice(self._todo, self._at)
        return [
            (row, text, self.predictions[row.line])
            for row, text in done
            if row.line in self.predictions
        ]

    def _next_part(self) -> Sequence[tuple[Row, str]]:
        part: list[tuple[Row, str]] = []
        characters = 0
        for row, text in islice(self._todo, self._at, self._at + MOST_TEXTS):
            characters += len(text)
            if part and characters > MOST_CHARACTERS:
                break
            part.append((row, text))
        return part

    def _take(self, part: Sequence[tuple[Row, str]], items: Sequence[BatchItem]) -> None:
        for (row, _), item in zip(part, items, strict=True):
            if item.prediction is not None:
                self.predictions[row.line] = item.prediction
            elif item.error is not None:
                self.bad.append(BadRow(row.line, "refused", item.error.detail or item.error.title))
        self.bad.sort(key=lambda bad: bad.line)

    def _stop(self, error: ApiError) -> None:
        self.failure, self.stopped = error, True

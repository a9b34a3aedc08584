"""From rows to answers in their order, some requests at a time, in bounded memory."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from radar_client.answers import Prediction
from radar_client.async_client import AsyncClient
from radar_client.batches import MAX_TEXTS
from radar_client.command.feed import Feed
from radar_client.command.output import Answered, Writer
from radar_client.command.rows import Row
from radar_client.errors import RadarError
from radar_client.retries import Policy

GROUP_ROWS = MAX_TEXTS
HELD_GROUPS = 2
"""Groups that may be read and not yet written, for each request under way."""


@dataclass(slots=True)
class Tally:
    """Rows so far: with a prediction, and with an error in its place."""

    answered: int = 0
    failed: int = 0


async def predict_rows(
    rows: Iterator[Row],
    writer: Writer,
    *,
    policy: Policy,
    concurrency: int,
    told: Callable[[Sequence[Answered], Tally], None],
) -> Tally:
    """Answer rows with the service of `RADAR_URL`; see `Pipeline`."""
    async with AsyncClient(policy=policy) as client:
        feed = Feed(rows, GROUP_ROWS)
        try:
            return await Pipeline(client, feed, writer, concurrency=concurrency, told=told).run()
        finally:
            feed.close()


class Pipeline:
    """Asks about groups of rows side by side, and writes them one after the other."""

    def __init__(
        self,
        client: AsyncClient,
        feed: Feed,
        writer: Writer,
        *,
        concurrency: int,
        told: Callable[[Sequence[Answered], Tally], None],
    ) -> None:
        """Prepare.

        Args:
            client: asked.
            feed: gives the rows.
            writer: takes the answers.
            concurrency: requests on their way at the same time.
            told: called with each group that was written.
        """
        self._client = client
        self._feed = feed
        self._writer = writer
        self._told = told
        self._tally = Tally()
        self._concurrency = concurrency
        self._requests = asyncio.Semaphore(concurrency)
        self._held = asyncio.Semaphore(concurrency * HELD_GROUPS)
        self._window: asyncio.Queue[asyncio.Task[list[Answered]] | None] = asyncio.Queue()
        self._ended: RadarError | None = None
        self._heard = False  # at least one tweet was answered

    async def run(self) -> Tally:
        """Answer all rows.

        When the service is lost on the way, what it answered is written, and the rest gets the
        error.

        Raises:
            RadarError: nothing was answered before a failure that ends the run.
            CommandError: the input cannot be read any further.
            OSError: the output cannot be written.
        """
        submitting = asyncio.create_task(self._submit())
        try:
            while (task := await self._window.get()) is not None:
                answered = await task
                if self._ended is not None and await self._never_heard():
                    raise self._ended
                # In a thread: a reader that pauses must not hold up the connections.
                await asyncio.to_thread(self._writer.write, answered)
                self._held.release()
                self._count(answered)
            await submitting
            if not self._tally.answered + self._tally.failed:
                self._writer.write([])  # of no rows, a header is the answer
        finally:
            left: list[asyncio.Task[Any]] = [submitting]
            while not self._window.empty():
                if (held := self._window.get_nowait()) is not None:
                    left.append(held)
            for each in left:
                each.cancel()
            await asyncio.gather(*left, return_exceptions=True)
        return self._tally

    async def _submit(self) -> None:
        try:
            while True:
                await self._held.acquire()
                rows = await self._feed.take()
                if not rows:
                    return
                self._window.put_nowait(asyncio.create_task(self._answer(rows)))
        finally:
            self._window.put_nowait(None)

    async def _answer(self, rows: Sequence[Row]) -> list[Answered]:
        texts = [row.text for row in rows if row.text is not None]
        items: list[tuple[Prediction | None, RadarError | None]]
        async with self._requests:
            if self._ended is not None:
                items = [(None, self._ended) for _ in texts]
            else:
                found = await self._client.predict_batch(texts)
                items = [(item.prediction, item.error) for item in found]
            self._heard = self._heard or any(made is not None for made, _ in items)
            errors = (error for _, error in items if error is not None and error.ends_run)
            self._ended = self._ended or next(errors, None)
        outcomes = iter(items)
        answered = []
        for row in rows:
            if row.text is None:
                answered.append(Answered(row, None, row.problem))
            else:
                made, error = next(outcomes)
                answered.append(Answered(row, made, str(error) if error else None))
        return answered

    async def _never_heard(self) -> bool:
        """Whether nothing was answered, by the requests under way either."""
        if not self._heard:
            for _ in range(self._concurrency):
                await self._requests.acquire()
            for _ in range(self._concurrency):
                self._requests.release()
        return not self._heard

    def _count(self, answered: Sequence[Answered]) -> None:
        made = sum(item.prediction is not None for item in answered)
        self._tally.answered += made
        self._tally.failed += len(answered) - made
        self._told(answered, self._tally)

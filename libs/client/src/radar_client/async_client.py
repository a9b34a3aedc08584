"""The client that is awaited."""

import asyncio
import time
from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager
from typing import Self, TypeVar
from uuid import UUID

import httpx2

from radar_client import calls
from radar_client.answers import (
    BatchItem,
    Explanation,
    FeedbackReceipt,
    Health,
    ModelInfo,
    Prediction,
    QueuedFeedback,
    Verdict,
)
from radar_client.batches import Batch, Group, groups_of
from radar_client.exchange import Broken, Call, Reply, Send, Steps, exchange
from radar_client.retries import Policy
from radar_client.settings import find_target
from radar_client.transport import LATE, broken_by

Result = TypeVar("Result")


class AsyncClient(AbstractAsyncContextManager["AsyncClient"]):
    """`Client` for asyncio: the same methods, awaited; belongs to one event loop."""

    def __init__(
        self, url: str | None = None, *, api_key: str | None = None, policy: Policy | None = None
    ) -> None:
        """Connect to nothing yet; arguments and failure as for `Client`."""
        target = find_target(url, api_key)
        self._policy = policy or Policy()
        self._http = httpx2.AsyncClient(base_url=target.url, headers=dict(target.headers))

    async def predict(
        self, text: str, *, true_label: str | None = None, truncate: bool = True
    ) -> Prediction:
        """See `Client.predict`."""
        return await self._ask(calls.predict(text, true_label=true_label, truncate=truncate))

    async def predict_batch(
        self, texts: Iterable[str], *, truncate: bool = True, concurrency: int = 1
    ) -> list[BatchItem]:
        """See `Client.predict_batch`.

        Args:
            texts: the tweets.
            truncate: cut a tweet that is too long for the model; else it is refused.
            concurrency: requests on their way at the same time.
        """
        batch = Batch(self._policy, truncate=truncate)
        room = asyncio.Semaphore(concurrency)

        async def answer(group: Group) -> list[BatchItem]:
            async with room:
                return await self._follow(batch.steps(group))

        async with asyncio.TaskGroup() as tasks:
            answers = [tasks.create_task(answer(group)) for group in groups_of(texts)]
        return [item for task in answers for item in task.result()]

    async def explain(
        self, text: str, *, label: str | None = None, truncate: bool = True
    ) -> Explanation:
        """See `Client.explain`."""
        return await self._ask(calls.explain(text, label=label, truncate=truncate))

    async def feedback(
        self,
        prediction_id: UUID | str,
        verdict: Verdict,
        *,
        corrected_label: str | None = None,
        text: str | None = None,
        channel: str | None = None,
        reviewer: str | None = None,
        blind: bool = False,
    ) -> FeedbackReceipt | QueuedFeedback:
        """See `Client.feedback`."""
        return await self._ask(
            calls.feedback(
                prediction_id,
                verdict,
                corrected_label=corrected_label,
                text=text,
                channel=channel,
                reviewer=reviewer,
                blind=blind,
            )
        )

    async def model(self) -> ModelInfo:
        """See `Client.model`."""
        return await self._ask(calls.model())

    async def health(self) -> Health:
        """See `Client.health`."""
        return await self._ask(calls.health())

    async def close(self) -> None:
        """Let go of the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _ask(self, call: Call[Result]) -> Result:
        return await self._follow(exchange(call, self._policy))

    async def _follow(self, steps: Steps[Result]) -> Result:
        came: Reply | Broken | None = None
        while True:
            try:
                step = steps.send(came)
            except StopIteration as end:
                result: Result = end.value
                return result
            if isinstance(step, Send):
                came = await self._send(step)
            else:
                await asyncio.sleep(step.seconds)
                came = None

    async def _send(self, step: Send) -> Reply | Broken:
        ends_at = time.monotonic() + step.seconds
        try:
            async with self._http.stream(
                step.method,
                step.path,
                headers=dict(step.headers),
                content=step.content,
                timeout=step.seconds,
            ) as response:
                body = bytearray()
                async for chunk in response.aiter_bytes():
                    body += chunk
                    if time.monotonic() > ends_at:
                        return LATE
                return Reply(response.status_code, dict(response.headers), bytes(body))
        except httpx2.RequestError as error:
            return broken_by(error)

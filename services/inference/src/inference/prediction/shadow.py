"""Copies of predictions, computed by the challenger when there is time, and kept beside them."""

import asyncio
import time
from collections.abc import Sequence

import numpy as np

from contract.calibration import Probabilities
from inference.model.figures import ChallengerFigures
from inference.model.serving import ServedModel
from inference.prediction.encoding import TextEncoding
from inference.prediction.repository import NewPrediction
from inference.problems import Failure, ServiceError
from inference.scheduling.queue import Priority
from inference.scheduling.scheduler import Scheduler, Timing
from inference.store.store import Store
from inference.store.tables import SHADOW_PREDICTIONS

MAX_WAITING = 256
"""Copies that may wait, texts in memory that is; one request's are taken whole all the same."""
LONGEST_SECONDS = 5.0
"""Time after which a copy that found no free thread is given up."""


class Shadow:
    """Computes copies after their answers have left; only in the event loop's thread."""

    def __init__(
        self,
        encoding: TextEncoding,
        scheduler: Scheduler,
        store: Store,
        figures: ChallengerFigures,
    ) -> None:
        self._encoding = encoding
        self._scheduler = scheduler
        self._store = store
        self._figures = figures
        self._waiting = 0
        self._tasks: set[asyncio.Task[None]] = set()

    def offer(
        self,
        challenger: ServedModel,
        kept: Sequence[tuple[str, NewPrediction]],
        champion_seconds: float,
    ) -> None:
        """Take one request's texts, or drop them if anybody waits for a prediction.

        Args:
            challenger: the model that is to compute them.
            kept: each text with the champion's prediction, which is in the store.
            champion_seconds: that the champion took.
        """
        full = self._waiting and self._waiting + len(kept) > MAX_WAITING
        if full or self._scheduler.is_busy:
            self._figures.dropped("busy", len(kept))
            return
        self._waiting += len(kept)
        # The task begins when this one, which is about to answer, next has to wait.
        task = asyncio.create_task(self._copy(challenger, kept, champion_seconds))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Give up what waits."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _copy(
        self,
        challenger: ServedModel,
        kept: Sequence[tuple[str, NewPrediction]],
        champion_seconds: float,
    ) -> None:
        timing = Timing()
        try:
            encoded = await self._encoding.encode(challenger.bundle, [text for text, _ in kept])
            outcomes = await self._scheduler.run(
                challenger.bundle,
                encoded,
                expires_at=time.monotonic() + LONGEST_SECONDS,
                priority=Priority.SHADOW,
                timing=timing,
            )
        except ServiceError as error:
            if error.failure is Failure.DEADLINE_EXCEEDED:
                self._figures.dropped("busy", len(kept))
            return  # else the service is at its end
        except Exception as error:  # its tokenizer may raise anything
            self._figures.failed("model", type(error).__name__)
            return
        finally:
            self._waiting -= len(kept)
        found = []
        for (_, prediction), outcome in zip(kept, outcomes, strict=True):
            if isinstance(outcome, ServiceError):
                self._figures.failed("model", outcome.detail)
            else:
                found.append((prediction, outcome))
        if found:
            self._figures.took("champion", champion_seconds)
            self._figures.took("challenger", timing.seconds)
            await self._keep(challenger, found, champion_seconds, timing.seconds)

    async def _keep(
        self,
        challenger: ServedModel,
        found: Sequence[tuple[NewPrediction, Probabilities]],
        champion_seconds: float,
        seconds: float,
    ) -> None:
        labels = challenger.bundle.manifest.labels
        rows = []
        for new, probabilities in found:
            label = labels[int(np.argmax(probabilities))]
            agree = label == new.prediction.label
            self._figures.compared(new.model_version, challenger.version, agree=agree)
            rows.append(
                {
                    "prediction_id": new.id,
                    "model_version": challenger.version,
                    "label": label,
                    "confidence": float(probabilities.max()),
                    "seconds": seconds,
                    "champion_seconds": champion_seconds,
                }
            )
        try:
            await asyncio.wrap_future(self._store.submit({SHADOW_PREDICTIONS: rows}))
        except ServiceError:
            # The database is away, or erased the prediction meanwhile. No request suffers.
            self._figures.dropped("store", len(rows))

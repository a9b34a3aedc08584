"""Which of two models answers a request, and what the other one says of it.

Nothing that the challenger does or fails to do costs a request: an answer that it does not give is
the champion's to give, in what is left of the request's time.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

from inference.model.challenger import Challenger
from inference.model.figures import ChallengerFigures, Contender
from inference.model.serving import ServedModel
from inference.prediction.outcomes import Outcome, Outcomes
from inference.prediction.repository import NewPrediction
from inference.prediction.shadow import Shadow
from inference.problems import Failure, ServiceError
from inference.scheduling.scheduler import Timing

CANARY_SHARE = 0.5
"""Part of a request's time that the challenger has; the champion may need the rest."""
REST_SECONDS = 30.0
"""Time for which a challenger that was late is not asked: its graph may still hold a thread, and
would soon hold them all."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of asking.

    Attributes:
        served: the model that answered.
        outcomes: a prediction or a failure for each text, in order.
        timing: of the model that answered.
    """

    served: ServedModel
    outcomes: list[Outcome]
    timing: Timing


class Contest:
    """Asks the champion or the challenger."""

    def __init__(
        self,
        challenger: Challenger,
        outcomes: Outcomes,
        shadow: Shadow,
        figures: ChallengerFigures,
    ) -> None:
        self._challenger = challenger
        self._outcomes = outcomes
        self._shadow = shadow
        self._figures = figures
        self._resting_until = 0.0

    async def ask(
        self,
        champion: ServedModel,
        texts: Sequence[str],
        *,
        truncate: bool,
        expires_at: float,
        named: ServedModel | None = None,
    ) -> Asked:
        """Ask the model that a request falls to.

        Args:
            champion: the model that serves.
            texts: all texts of the request; one model answers them.
            truncate: as for `Outcomes.of`.
            expires_at: as for `Outcomes.of`.
            named: the model that the client asked for, which then answers.

        Raises:
            ServiceError: as `Outcomes.of`.
        """
        resting = named or time.monotonic() < self._resting_until
        canary = None if resting else self._challenger.drawn("canary", champion)
        asked = await self._ask_canary(canary, texts, truncate, expires_at) if canary else None
        if asked is None:
            served, timing = named or champion, Timing()
            outcomes = await self._outcomes.of(
                served.bundle, texts, truncate=truncate, expires_at=expires_at, timing=timing
            )
            asked = Asked(served, outcomes, timing)
        else:
            self._figures.answered()
        if self._challenger.mode == "canary":
            model: Contender = "champion" if asked.served is champion else "challenger"
            self._figures.took(model, asked.timing.seconds)
        return asked

    def compare(
        self, champion: ServedModel, asked: Asked, kept: Sequence[tuple[str, NewPrediction]]
    ) -> None:
        """Have the challenger compute a copy of a request, later, if it falls to it.

        Args:
            champion: the model that served when the request came.
            asked: what was answered.
            kept: each text with the prediction that was kept.
        """
        challenger = self._challenger.drawn("shadow", champion) if kept else None
        if challenger is not None and asked.served is champion:
            self._shadow.offer(challenger, kept, asked.timing.seconds)

    async def _ask_canary(
        self, canary: ServedModel, texts: Sequence[str], truncate: bool, expires_at: float
    ) -> Asked | None:
        now, timing = time.monotonic(), Timing()
        until = now + CANARY_SHARE * (expires_at - now)
        try:
            async with asyncio.timeout(until - now):
                outcomes = await self._outcomes.of(
                    canary.bundle, texts, truncate=truncate, expires_at=until, timing=timing
                )
        except TimeoutError:
            self._resting_until = time.monotonic() + REST_SECONDS
            self._figures.failed("late", f"it is not asked for {REST_SECONDS:g} s")
            return None
        except ServiceError as error:  # its texts expired in the queue, or the service is ending
            late = error.failure is Failure.DEADLINE_EXCEEDED
            self._figures.failed("late" if late else "model", error.detail)
            return None
        except Exception as error:  # its tokenizer may raise anything; the champion's may not
            self._figures.failed("model", type(error).__name__)
            return None
        for text, outcome in zip(texts, outcomes, strict=True):
            if isinstance(outcome, ServiceError) and self._outcomes.refusal(text) is None:
                self._figures.failed("model", outcome.detail)
                return None
        return Asked(canary, outcomes, timing)

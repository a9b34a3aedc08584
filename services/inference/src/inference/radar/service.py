"""Taking mentions over HTTP."""

from collections.abc import Sequence

from fastapi.concurrency import run_in_threadpool

from contract.bundle import Bundle
from inference.model.serving import ServingModel
from inference.prediction.encoding import TextEncoding
from inference.problems import Failure, ServiceError
from inference.radar.mentions import NEGATIVE, Mention, ScoredMention
from inference.radar.recorder import Recorder
from inference.radar.schemas import MentionIn, MentionsAnswer, RefusedMention
from inference.radar.times import parse_past_time
from inference.scheduling.queue import Priority
from inference.scheduling.scheduler import Scheduler
from inference.texts import check_text, storable


class MentionService:
    """Scores mentions with the model that serves, and counts them."""

    def __init__(
        self,
        serving: ServingModel,
        encoding: TextEncoding,
        scheduler: Scheduler,
        recorder: Recorder,
        *,
        max_text_characters: int,
    ) -> None:
        self._serving = serving
        self._encoding = encoding
        self._scheduler = scheduler
        self._recorder = recorder
        self._max_text_characters = max_text_characters

    async def take(self, sent: Sequence[MentionIn], *, expires_at: float) -> MentionsAnswer:
        """Score and count mentions; one that is refused harms none of the others.

        Args:
            sent: the mentions.
            expires_at: monotonic time after which nobody waits for the answer. What is not scored
                by then is not counted, and may be sent again with the rest.

        Raises:
            ServiceError: the time was up, there is no model or it fails, or the store does.
        """
        bundle = self._serving.require().bundle
        require_negative(bundle)
        accepted: list[Mention] = []
        refused = []
        for index, item in enumerate(sent):
            try:
                accepted.append(self._mention(item))
            except ServiceError as error:
                refused.append(RefusedMention(index=index, error=error.document()))
        found = await run_in_threadpool(self._recorder.sort, accepted)
        counted = 0
        if found.new:
            scored = await self._score(bundle, found.new, expires_at)
            counted = await run_in_threadpool(self._recorder.record, scored)
        return MentionsAnswer(
            counted=counted,
            known=found.known + len(found.new) - counted,
            late=found.late,
            refused=refused,
        )

    def _mention(self, item: MentionIn) -> Mention:
        """A mention as it was sent.

        Raises:
            ServiceError: its text or its time cannot be used.
        """
        check_text(item.text, self._max_text_characters)
        for name in ("airline", "topic", "author", "id"):
            check_text(getattr(item, name), self._max_text_characters)
        try:
            created_at = parse_past_time(item.created_at)
        except ValueError as error:
            raise ServiceError(Failure.INVALID_REQUEST, f"created_at: {error}") from None
        return Mention(
            text=item.text,
            created_at=created_at,
            airline=storable(item.airline),
            topic=storable(item.topic),
            author=item.author,
            reach=item.reach,
            id=item.id,
        )

    async def _score(
        self, bundle: Bundle, new: Sequence[tuple[Mention, bytes]], expires_at: float
    ) -> list[ScoredMention]:
        encoded = await self._encoding.encode(bundle, [mention.text for mention, _ in new])
        outcomes = await self._scheduler.run(
            bundle, encoded, expires_at=expires_at, priority=Priority.MENTION
        )
        scored = []
        for (mention, identity), item, outcome in zip(new, encoded, outcomes, strict=True):
            if isinstance(outcome, ServiceError):
                raise outcome
            said = bundle.answer(item, outcome)
            scored.append(
                ScoredMention(mention, identity, said.label, said.probabilities[NEGATIVE])
            )
        return scored


def require_negative(bundle: Bundle) -> None:
    """Check that a model has the label that the radar counts.

    Raises:
        ServiceError: (model unavailable) it has not.
    """
    if NEGATIVE not in bundle.manifest.labels:
        raise ServiceError(
            Failure.MODEL_UNAVAILABLE,
            f"the radar counts the label {NEGATIVE}, which the model that serves does not have; "
            "serve a model of sentiment",
        )

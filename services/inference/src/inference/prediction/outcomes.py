"""What one model says of some texts: a prediction or a failure for each."""

from collections.abc import Sequence

from contract.bundle import Bundle, Prediction
from inference.prediction.encoding import TextEncoding
from inference.problems import Failure, ServiceError
from inference.scheduling.scheduler import Scheduler, Timing
from inference.texts import check_text

Outcome = Prediction | ServiceError


class Outcomes:
    """Encodes texts, has them computed, and labels them."""

    def __init__(
        self, encoding: TextEncoding, scheduler: Scheduler, max_text_characters: int
    ) -> None:
        self._encoding = encoding
        self._scheduler = scheduler
        self._max_text_characters = max_text_characters

    async def of(
        self,
        bundle: Bundle,
        texts: Sequence[str],
        *,
        truncate: bool,
        expires_at: float,
        timing: Timing | None = None,
    ) -> list[Outcome]:
        """The outcome of each text, in order; one that is refused harms none of the others.

        Args:
            bundle: the model.
            texts: the tweets.
            truncate: cut a text that is too long for the model; else it is refused.
            expires_at: monotonic time after which nobody waits for the answer.
            timing: is told how long it took.

        Raises:
            ServiceError: (deadline exceeded) the time was up; (not ready) the service is shutting
                down.
        """
        outcomes: list[Outcome | None] = [self.refusal(text) for text in texts]
        accepted = [index for index, refusal in enumerate(outcomes) if refusal is None]
        if accepted:
            found = await self._encoding.encode(bundle, [texts[index] for index in accepted])
            encoded = dict(zip(accepted, found, strict=True))
            for index, item in encoded.items():
                if item.truncated and not truncate:
                    outcomes[index] = _does_not_fit(bundle.encoder.max_length)
            encoded = {index: item for index, item in encoded.items() if outcomes[index] is None}
            computed = await self._scheduler.run(
                bundle, list(encoded.values()), expires_at=expires_at, timing=timing
            )
            for (index, item), outcome in zip(encoded.items(), computed, strict=True):
                if isinstance(outcome, ServiceError):
                    outcomes[index] = outcome
                else:
                    outcomes[index] = bundle.answer(item, outcome)
        return [outcome for outcome in outcomes if outcome is not None]

    def refusal(self, text: str) -> ServiceError | None:
        """Why a text cannot be predicted, whatever the model; None if it can."""
        try:
            check_text(text, self._max_text_characters)
        except ServiceError as error:
            return error
        return None


def _does_not_fit(max_length: int) -> ServiceError:
    return ServiceError(
        Failure.TEXT_TOO_LONG,
        f"the text has more than the {max_length} tokens that the model reads; shorten it, or "
        "leave out truncate to have it cut",
    )

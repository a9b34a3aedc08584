"""Predicting tweets and keeping what was predicted, before it is answered."""

import asyncio
import random
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from contract.bundle import Prediction
from inference.drift.sampling import DriftSampler
from inference.language import guess_language
from inference.metrics import Metrics
from inference.model.serving import ServedModel, ServingModel
from inference.prediction.contest import Contest
from inference.prediction.outcomes import Outcomes
from inference.prediction.repository import NewPrediction, TrueLabel, given_verdict, rows_of
from inference.prediction.schemas import BatchAnswer, BatchItem, PredictionAnswer
from inference.problems import ServiceError, unknown_label
from inference.store.store import Store
from inference.telemetry.events import GivenVerdict
from inference.texts import Fingerprints
from inference.tracing.record import note_model, part


@dataclass(frozen=True)
class PredictionOptions:
    """How predictions are kept; see the settings of these names."""

    store_text: Literal["none", "audit", "all"]
    audit_share: float


class PredictionService:
    """Answers tweets with the model that serves, or with its challenger."""

    def __init__(
        self,
        serving: ServingModel,
        outcomes: Outcomes,
        contest: Contest,
        store: Store,
        fingerprints: Fingerprints,
        metrics: Metrics,
        options: PredictionOptions,
        on_verdict: Callable[[GivenVerdict], None],
        sampler: DriftSampler,
    ) -> None:
        self._on_verdict = on_verdict
        self._sampler = sampler
        self._serving = serving
        self._outcomes = outcomes
        self._contest = contest
        self._store = store
        self._fingerprints = fingerprints
        self._metrics = metrics
        self._options = options
        self._random = random.Random()  # seeded by the system, so that replicas differ

    async def predict(
        self,
        text: str,
        *,
        expires_at: float,
        truncate: bool = True,
        true_label: str | None = None,
        reviewer_key: str | None = None,
    ) -> PredictionAnswer:
        """Predict one text.

        Args:
            text: the tweet.
            expires_at: monotonic time after which nobody waits for the answer.
            truncate: cut a text that is too long for the model; else it is refused.
            true_label: what it really is, which counts as a verdict.
            reviewer_key: name of the access key under which that is said.

        Raises:
            ServiceError: the text or the true label is refused, the time was up, there is no
                model or it fails, or the prediction cannot be kept.
        """
        served = self._serving.require()
        labels = served.bundle.manifest.labels
        if true_label is not None and true_label not in labels:
            raise unknown_label("true_label", labels)
        asked = await self._contest.ask(served, [text], truncate=truncate, expires_at=expires_at)
        (outcome,) = asked.outcomes
        if isinstance(outcome, ServiceError):
            raise outcome
        verdict = TrueLabel(true_label, reviewer_key) if true_label is not None else None
        (kept,) = await self._keep(asked.served, [(text, outcome)], verdict)
        self._contest.compare(served, asked, [(text, kept)])
        return self._answer(asked.served, kept)

    async def compute(
        self, served: ServedModel, text: str, *, expires_at: float, truncate: bool = True
    ) -> Prediction:
        """What a model says of one text; to be kept with `keep` before it is answered.

        Args:
            served: the model.
            text: the tweet.
            expires_at: as for `predict`.
            truncate: as for `predict`.

        Raises:
            ServiceError: the text is refused, the time was up, or the model fails.
        """
        (outcome,) = await self._outcomes.of(
            served.bundle, [text], truncate=truncate, expires_at=expires_at
        )
        if isinstance(outcome, ServiceError):
            raise outcome
        return outcome

    async def keep(
        self,
        served: ServedModel,
        text: str,
        prediction: Prediction,
        verdict: TrueLabel | None = None,
    ) -> PredictionAnswer:
        """Commit what `compute` gave, and count it.

        Raises:
            ServiceError: (store unavailable) it cannot be kept.
        """
        (kept,) = await self._keep(served, [(text, prediction)], verdict)
        return self._answer(served, kept)

    async def predict_all(
        self,
        texts: Sequence[str],
        *,
        expires_at: float,
        truncate: bool = True,
        served: ServedModel | None = None,
    ) -> list[PredictionAnswer]:
        """Predict several texts for a client that has no place for errors of single ones.

        Args:
            texts: the tweets.
            expires_at: as for `predict`.
            truncate: as for `predict`.
            served: the model, where the client names one; None: whichever serves.

        Returns:
            The answer to each text, in order.

        Raises:
            ServiceError: as `predict_batch`, or a text is refused, which the failure names by its
                place; nothing is kept then.
        """
        champion = self._serving.require()
        asked = await self._contest.ask(
            champion, texts, truncate=truncate, expires_at=expires_at, named=served
        )
        found = []
        for index, (text, outcome) in enumerate(zip(texts, asked.outcomes, strict=True)):
            if isinstance(outcome, ServiceError):
                raise outcome if len(texts) == 1 else outcome.of(f"text {index}")
            found.append((text, outcome))
        kept = await self._keep(asked.served, found)
        texts_kept = [(text, item) for (text, _), item in zip(found, kept, strict=True)]
        self._contest.compare(champion, asked, texts_kept)
        return [self._answer(asked.served, item) for item in kept]

    async def predict_batch(
        self, texts: Sequence[str], *, expires_at: float, truncate: bool = True
    ) -> BatchAnswer:
        """Predict several texts; one that is refused harms none of the others.

        Args:
            texts: the tweets.
            expires_at: as for `predict`.
            truncate: as for `predict`.

        Raises:
            ServiceError: the time was up, there is no model, or the predictions cannot be kept.
        """
        champion = self._serving.require()
        asked = await self._contest.ask(champion, texts, truncate=truncate, expires_at=expires_at)
        served, outcomes = asked.served, asked.outcomes
        found = [
            (text, outcome)
            for text, outcome in zip(texts, outcomes, strict=True)
            if isinstance(outcome, Prediction)
        ]
        new = await self._keep(served, found)
        self._contest.compare(
            champion, asked, [(text, item) for (text, _), item in zip(found, new, strict=True)]
        )
        kept = iter(new)
        return BatchAnswer(
            model_name=served.name,
            model_version=served.version,
            demonstration=served.bundle.manifest.training_data.is_sample,
            results=[
                BatchItem(index=index, error=outcome.document())
                if isinstance(outcome, ServiceError)
                else BatchItem(index=index, prediction=self._answer(served, next(kept)))
                for index, outcome in enumerate(outcomes)
            ],
        )

    async def _keep(
        self,
        served: ServedModel,
        found: Sequence[tuple[str, Prediction]],
        verdict: TrueLabel | None = None,
    ) -> list[NewPrediction]:
        """Commit predictions, so that whatever is answered can be asked about."""
        note_model(served.name, served.version, served.bundle.precision)
        now = datetime.now(UTC)
        new = [self._new(served, text, item, now, verdict) for text, item in found]
        if new:
            with part("store"):
                await asyncio.wrap_future(self._store.submit(rows_of(new)))
            self._sampler.offer(
                served, [(text, item) for (text, _), item in zip(found, new, strict=True)]
            )
        for item in new:
            self._metrics.count_prediction(served.name, served.version, item.prediction.label)
            if item.verdict is not None:
                self._on_verdict(given_verdict(item, item.verdict))
        return new

    def _new(
        self,
        served: ServedModel,
        text: str,
        prediction: Prediction,
        now: datetime,
        verdict: TrueLabel | None,
    ) -> NewPrediction:
        audit = self._random.random() < self._options.audit_share
        kept_text: tuple[str, Literal["audit", "all"]] | None = None
        if self._options.store_text == "all":
            kept_text = (text, "all")
        elif self._options.store_text == "audit" and audit:
            kept_text = (text, "audit")
        return NewPrediction(
            id=uuid.uuid4(),
            created_at=now,
            text_hmac=self._fingerprints.of(text),
            model_name=served.name,
            model_version=served.version,
            prediction=prediction,
            language=guess_language(text),
            audit=audit,
            kept_text=kept_text,
            verdict=verdict,
        )

    @staticmethod
    def _answer(served: ServedModel, new: NewPrediction) -> PredictionAnswer:
        return PredictionAnswer(
            id=new.id,
            label=new.prediction.label,
            probabilities=new.prediction.probabilities,
            uncertain=new.prediction.uncertain,
            truncated=new.prediction.truncated,
            token_count=new.prediction.token_count,
            model_name=new.model_name,
            model_version=new.model_version,
            demonstration=served.bundle.manifest.training_data.is_sample,
        )

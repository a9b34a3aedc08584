"""Predicting tweets and keeping what was predicted, before it is answered."""

import asyncio
import random
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from contract.bundle import TOKEN_BUDGET, Bundle, Prediction
from contract.encoding import Encoded, length_sorted_batches
from inference.metrics import Metrics
from inference.model.serving import ServedModel, ServingModel
from inference.prediction import path
from inference.prediction.repository import NewPrediction, TrueLabel, rows_of
from inference.prediction.schemas import BatchAnswer, BatchItem, PredictionAnswer
from inference.prediction.workers import Workers
from inference.problems import ServiceError, unknown_label
from inference.store.store import Store
from inference.texts import Fingerprints, check_text

Outcome = Prediction | ServiceError


@dataclass(frozen=True)
class PredictionOptions:
    """How texts are taken and kept; see the settings of these names."""

    max_text_characters: int
    store_text: Literal["none", "audit", "all"]
    audit_share: float


class PredictionService:
    """Answers tweets with the model that serves."""

    def __init__(
        self,
        serving: ServingModel,
        workers: Workers,
        store: Store,
        fingerprints: Fingerprints,
        metrics: Metrics,
        options: PredictionOptions,
    ) -> None:
        self._serving = serving
        self._workers = workers
        self._store = store
        self._fingerprints = fingerprints
        self._metrics = metrics
        self._options = options
        # From the system: forked or seeded alike, two replicas would audit the same places.
        self._random = random.SystemRandom()

    async def predict(
        self, text: str, true_label: str | None = None, reviewer_key: str | None = None
    ) -> PredictionAnswer:
        """Predict one text.

        Args:
            text: the tweet.
            true_label: what it really is, which counts as a verdict.
            reviewer_key: name of the access key under which that is said.

        Raises:
            ServiceError: the text or the true label is refused, too many requests wait, there is
                no model, or the prediction cannot be kept.
        """
        served = self._serving.require()
        check_text(text, self._options.max_text_characters)
        labels = served.bundle.manifest.labels
        if true_label is not None and true_label not in labels:
            raise unknown_label("true_label", labels)
        with self._workers.admission():
            prediction = await self._workers.run(path.whole, served.bundle, text)
            verdict = TrueLabel(true_label, reviewer_key) if true_label is not None else None
            kept = await self._keep(served, [(text, prediction)], verdict)
        return self._answer(served, kept[0])

    async def predict_batch(self, texts: Sequence[str]) -> BatchAnswer:
        """Predict several texts; one that is refused harms none of the others.

        Raises:
            ServiceError: too many requests wait, there is no model, or the predictions cannot be
                kept.
        """
        served = self._serving.require()
        with self._workers.admission():
            outcomes = await self._outcomes(served.bundle, texts)
            found = [
                (text, outcome)
                for text, outcome in zip(texts, outcomes, strict=True)
                if isinstance(outcome, Prediction)
            ]
            kept = iter(await self._keep(served, found))
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

    async def _outcomes(self, bundle: Bundle, texts: Sequence[str]) -> list[Outcome]:
        """A prediction or a failure for each text, computed in length-sorted batches."""
        outcomes: dict[int, Outcome] = {}
        accepted: list[int] = []
        for index, text in enumerate(texts):
            try:
                check_text(text, self._options.max_text_characters)
                accepted.append(index)
            except ServiceError as error:
                outcomes[index] = error
        if accepted:
            encoded = await self._workers.run(
                path.before, bundle, [texts[index] for index in accepted]
            )
            lengths = [item.ids.size for item in encoded]

            async def group(members: Sequence[int]) -> None:
                found = await self._workers.run(_group, bundle, [encoded[i] for i in members])
                for member, outcome in zip(members, found, strict=True):
                    outcomes[accepted[member]] = outcome

            # Apart, so that they use every core and single requests get in between them.
            await asyncio.gather(
                *(group(members) for members in length_sorted_batches(lengths, TOKEN_BUDGET))
            )
        return [outcomes[index] for index in range(len(texts))]

    async def _keep(
        self,
        served: ServedModel,
        found: Sequence[tuple[str, Prediction]],
        verdict: TrueLabel | None = None,
    ) -> list[NewPrediction]:
        """Commit predictions, so that whatever is answered can be asked about."""
        now = datetime.now(UTC)
        new = [self._new(served, text, item, now, verdict) for text, item in found]
        if new:
            await asyncio.wrap_future(self._store.submit(rows_of(new)))
        for item in new:
            self._metrics.count_prediction(served.name, served.version, item.prediction.label)
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


def _group(bundle: Bundle, encoded: Sequence[Encoded]) -> Sequence[Outcome]:
    try:
        return path.after(bundle, encoded, path.core(bundle, encoded))
    except ServiceError as error:
        return [error] * len(encoded)

"""Explaining a prediction: weights of words by Shapley values of the log-odds."""

import asyncio
import hashlib
from dataclasses import dataclass

import numpy as np

from contract.bundle import Prediction
from inference.explanation import bounds
from inference.explanation.evaluation import Evaluation, log_odds
from inference.explanation.schemas import ExplanationAnswer, WordWeight
from inference.explanation.shapley import Plan
from inference.explanation.words import Span, grouped, text_of, word_spans
from inference.model.serving import ServingModel
from inference.prediction.service import PredictionService
from inference.problems import unknown_label


@dataclass(frozen=True, slots=True)
class _Question:
    """What to compute of one text.

    Attributes:
        spans: words, or groups of them, that get a weight.
        grouped: whether they are groups.
        plan: which of them to look at together.
        variants: the text of each coalition; the first has no word, the last has all.
    """

    spans: list[Span]
    grouped: bool
    plan: Plan
    variants: dict[int, str]


class ExplanationService:
    """Predicts tweets and says which words speak for a label and which against it."""

    def __init__(
        self, serving: ServingModel, predictions: PredictionService, evaluation: Evaluation
    ) -> None:
        self._serving = serving
        self._predictions = predictions
        self._evaluation = evaluation

    async def explain(
        self, text: str, *, expires_at: float, truncate: bool = True, label: str | None = None
    ) -> ExplanationAnswer:
        """Predict one text and weigh its words.

        A word's weight is what it adds to the log-odds of the label against the others. Each
        variant of the text, which lacks some words, goes all the way from the raw text on, so
        weights include what text steps and tokenizer make of a word.

        Args:
            text: the tweet.
            expires_at: monotonic time after which nobody waits for the answer.
            truncate: cut a text that is too long for the model; else it is refused.
            label: whose log-odds; None: those of the predicted label.

        Raises:
            ServiceError: the text or the label is refused, the time was up, there is no model or
                it fails, or the prediction cannot be kept.
        """
        served = self._serving.require()
        labels = served.bundle.manifest.labels
        if label is not None and label not in labels:
            raise unknown_label("label", labels)
        prediction = await self._predictions.compute(
            served, text, expires_at=expires_at, truncate=truncate
        )
        explained = label if label is not None else prediction.label
        # In a thread: hundreds of variants take milliseconds that other requests need.
        question = await asyncio.to_thread(_question, text, prediction)
        whole = np.array([prediction.probabilities[name] for name in labels], np.float32)
        probabilities, evaluated = await self._evaluation.probabilities(
            served.bundle, (text, whole), list(question.variants.values()), expires_at=expires_at
        )
        odds = log_odds(probabilities, labels.index(explained)).tolist()
        values = dict(zip(question.variants, odds, strict=True))
        weights, errors = question.plan.weigh(values)
        answer = await self._predictions.keep(served, text, prediction)
        return ExplanationAnswer(
            **dict(answer),
            explained_label=explained,
            log_odds=values[question.plan.everybody],
            base_log_odds=values[0],
            words=[
                WordWeight(start=start, end=end, weight=weight, standard_error=error)
                for (start, end), weight, error in zip(
                    question.spans, weights.tolist(), errors.tolist(), strict=True
                )
            ],
            grouped=question.grouped,
            exact=question.plan.exact,
            evaluated=evaluated,
        )


def _question(text: str, prediction: Prediction) -> _Question:
    words = word_spans(text)
    variants = bounds.variants_for(
        len(text), prediction.token_count, truncated=prediction.truncated
    )
    spans = grouped(words, bounds.words_for(variants))
    seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])
    plan = Plan.make(len(spans), most=variants, seed=seed)
    coalitions = dict.fromkeys([0, *plan.coalitions(), plan.everybody])
    return _Question(
        spans=spans,
        grouped=len(spans) < len(words),
        plan=plan,
        variants={coalition: text_of(text, spans, coalition) for coalition in coalitions},
    )

"""Multinomial naive Bayes: one pass over the data, and a hard baseline to beat for its price."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.naive_bayes import MultinomialNB
from sklearn.utils.class_weight import compute_sample_weight

from trainer.data.dataset import Dataset, Labels
from trainer.progress import Progress
from trainer.recipes.bags import Floats
from trainer.recipes.base import FittedModel
from trainer.recipes.linear import Affine, LinearSettings, fit_linear

ALPHAS = (4.0, 2.0, 1.0, 0.5, 0.25, 0.1, 0.05, 0.02)


class NaiveBayes:
    """Term probabilities of each label, smoothed by `alpha`, on TF-IDF instead of counts.

    With balanced class weights every row is weighted by `rows / (labels * rows of its label)`, so
    that each label's rows weigh the same in the prior and against the smoothing. Nothing but the
    folds is random.
    """

    name = "naive-bayes"
    summary = "multinomial naive Bayes on TF-IDF of words and characters"
    settings = LinearSettings
    estimator: type[Any] = MultinomialNB

    def fit(
        self, dataset: Dataset, settings: LinearSettings, progress: Progress, *, seed: int = 0
    ) -> FittedModel:
        """See `Recipe.fit`."""
        return fit_linear(
            dataset,
            settings,
            progress,
            recipe=self.name,
            parameter="alpha",
            grid=ALPHAS,
            train=partial(self._models, settings),
            seed=seed,
        )

    def _models(
        self,
        settings: LinearSettings,
        vectors: sp.csr_matrix,
        labels: Labels,
        alphas: Sequence[float],
    ) -> Iterator[Affine]:
        """A model for each `alpha`; see `linear.Train`."""
        balanced = settings.class_weights == "balanced"
        weights = compute_sample_weight("balanced" if balanced else None, labels)
        for alpha in alphas:
            model = self.estimator(alpha=alpha).fit(vectors, labels, sample_weight=weights)
            yield Affine(np.transpose(model.feature_log_prob_), self.prior(model))

    @staticmethod
    def prior(model: Any) -> Floats:
        """The logits `[labels]` of a text without terms."""
        return np.asarray(model.class_log_prior_)


RECIPE = NaiveBayes()

"""Multinomial naive Bayes: one pass over the data, and a hard baseline to beat for its price."""

import numpy as np
import scipy.sparse as sp
from sklearn.naive_bayes import MultinomialNB
from sklearn.utils.class_weight import compute_sample_weight

from trainer.data.dataset import Dataset, Labels
from trainer.progress import Progress
from trainer.recipes.base import FittedModel, Settings
from trainer.recipes.linear import Affine, fit_linear

ALPHAS = (0.1, 0.25, 0.5, 1.0, 2.0, 4.0)


class NaiveBayes:
    """Term probabilities of each label, smoothed by `alpha`, on TF-IDF instead of counts.

    Where labels are unbalanced every row is weighted by `rows / (labels * rows of its label)`, so
    that each label's rows weigh the same in the prior and against the smoothing. Nothing is random
    and one pass is all it takes, so `seed` changes nothing.
    """

    name = "naive-bayes"
    summary = "multinomial naive Bayes on TF-IDF of words and pairs of words"
    settings = Settings

    def fit(
        self, dataset: Dataset, settings: Settings, progress: Progress, *, seed: int = 0
    ) -> FittedModel:
        """See `Recipe.fit`."""

        def train(alpha: float, vectors: sp.csr_matrix, labels: Labels) -> MultinomialNB:
            balance = compute_sample_weight("balanced", labels)
            return MultinomialNB(alpha=alpha).fit(vectors, labels, sample_weight=balance)

        return fit_linear(
            dataset,
            progress,
            recipe=self.name,
            parameter="alpha",
            grid=ALPHAS,
            train=train,
            affine=_affine,
        )


def _affine(model: MultinomialNB) -> Affine:
    return Affine(np.transpose(model.feature_log_prob_), model.class_log_prior_)


RECIPE = NaiveBayes()

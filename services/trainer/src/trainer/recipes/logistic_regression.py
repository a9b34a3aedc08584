"""Logistic regression: the strongest of the models that train in seconds."""

import numpy as np
import scipy.sparse as sp
from sklearn.linear_model import LogisticRegression

from trainer.data.dataset import Dataset, Labels
from trainer.progress import Progress
from trainer.recipes.base import FitOptions, FittedModel
from trainer.recipes.linear import Affine, fit_linear

STRENGTHS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)  # C: the inverse of the L2 penalty
MAX_PASSES = 300


class LogisticRegressionRecipe:
    """Softmax regression with an L2 penalty, every label weighted alike however rare.

    L-BFGS starts at zero and draws nothing at random, so `seed` changes nothing; `epochs` bounds
    its iterations, each of which is about one pass over the data.
    """

    name = "logistic-regression"
    summary = "logistic regression on TF-IDF of words and pairs of words"

    def fit(self, dataset: Dataset, options: FitOptions, progress: Progress) -> FittedModel:
        """See `Recipe.fit`."""

        def train(strength: float, vectors: sp.csr_matrix, labels: Labels) -> LogisticRegression:
            return LogisticRegression(
                C=strength,
                class_weight="balanced",
                max_iter=options.epochs or MAX_PASSES,
            ).fit(vectors, labels)

        return fit_linear(
            dataset,
            options,
            progress,
            recipe=self.name,
            parameter="C",
            grid=STRENGTHS,
            train=train,
            affine=_affine,
        )


def _affine(model: LogisticRegression) -> Affine:
    weights, bias = np.transpose(model.coef_), np.asarray(model.intercept_)
    if bias.size == 1:  # two labels: scikit-learn keeps the log-odds of the second alone
        weights, bias = np.hstack([-weights, weights]) / 2, np.hstack([-bias, bias]) / 2
    return Affine(weights, bias)


RECIPE = LogisticRegressionRecipe()

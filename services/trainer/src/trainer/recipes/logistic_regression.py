"""Logistic regression: the strongest of the models that train in seconds."""

import numpy as np
import scipy.sparse as sp
from pydantic import Field
from sklearn.linear_model import LogisticRegression

from trainer.data.dataset import Dataset, Labels
from trainer.progress import Progress
from trainer.recipes.base import FittedModel, Settings
from trainer.recipes.linear import Affine, fit_linear

STRENGTHS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)  # C: the inverse of the L2 penalty


class LogisticRegressionSettings(Settings):
    """What a user may set."""

    max_iterations: int = Field(default=300, ge=1, description="of L-BFGS, one pass each or so")


class LogisticRegressionRecipe:
    """Softmax regression with an L2 penalty, every label weighted alike however rare.

    L-BFGS starts at zero and draws nothing at random, so `seed` changes nothing.
    """

    name = "logistic-regression"
    summary = "logistic regression on TF-IDF of words and pairs of words"
    settings = LogisticRegressionSettings

    def fit(
        self,
        dataset: Dataset,
        settings: LogisticRegressionSettings,
        progress: Progress,
        *,
        seed: int = 0,
    ) -> FittedModel:
        """See `Recipe.fit`."""

        def train(strength: float, vectors: sp.csr_matrix, labels: Labels) -> LogisticRegression:
            return LogisticRegression(
                C=strength,
                class_weight="balanced",
                max_iter=settings.max_iterations,
            ).fit(vectors, labels)

        return fit_linear(
            dataset,
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

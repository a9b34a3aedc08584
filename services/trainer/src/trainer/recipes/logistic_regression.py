"""Logistic regression: the strongest of the models that train in seconds."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Literal

import numpy as np
import scipy.sparse as sp
from pydantic import Field
from sklearn.linear_model import LogisticRegression

from trainer.data.dataset import Dataset, Labels
from trainer.progress import Progress
from trainer.recipes.bags import Floats
from trainer.recipes.base import FittedModel
from trainer.recipes.linear import Affine, LinearSettings, fit_linear

STRENGTHS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)  # C: the inverse of the L2 penalty
TOLERANCE = 1e-5
"""Largest gradient of the mean loss; ten times more and a warm start stops where it starts."""


class LogisticRegressionSettings(LinearSettings):
    """What a user may set."""

    scaling: Literal["none", "log-odds"] = Field(
        default="log-odds",
        description="of terms: none, or by the root of how far their log-odds of a label go",
    )
    max_iterations: int = Field(default=300, ge=1, description="of L-BFGS, one pass each or so")


class LogisticRegressionRecipe:
    """Softmax regression with an L2 penalty.

    Each term may be scaled beforehand by the root of its largest naive Bayes log-odds of a label
    against the others, so that the penalty spares the telling terms and presses the idle ones (with
    the log-odds themselves: Wang and Manning, 2012, "Baselines and Bigrams", section 2.3; their
    root gave the lower cross-validated loss on tweets). The scale becomes part of the weights.

    L-BFGS draws nothing at random: nothing but the folds is.
    """

    name = "logistic-regression"
    summary = "logistic regression on TF-IDF of words and characters"
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
        return fit_linear(
            dataset,
            settings,
            progress,
            recipe=self.name,
            parameter="C",
            grid=STRENGTHS,
            train=partial(regressions, settings=settings),
            seed=seed,
        )


def regressions(
    vectors: sp.csr_matrix,
    labels: Labels,
    strengths: Sequence[float],
    settings: LogisticRegressionSettings,
) -> Iterator[Affine]:
    """A model for each strength, each from where the one before ended; see `linear.Train`."""
    scale = np.ones(vectors.shape[1], np.float32)
    if settings.scaling == "log-odds":
        scale = log_odds_scale(vectors, labels)
    scaled = vectors.copy()
    scaled.data *= scale[vectors.indices]
    model = LogisticRegression(
        class_weight="balanced" if settings.class_weights == "balanced" else None,
        max_iter=settings.max_iterations,
        tol=TOLERANCE,
        warm_start=True,
    )
    for strength in strengths:
        model.set_params(C=strength).fit(scaled, labels)
        weights, bias = _softmax_form(model)
        yield Affine(weights * scale[:, None], bias)


def log_odds_scale(vectors: sp.csr_matrix, labels: Labels) -> Floats:
    """What to multiply each term by `[ids]`, float32, so that vectors keep their mean square.

    For a term of weight `p` in the texts of a label and `q` in the others, as shares of all terms
    with one added to each, the root of the largest `|ln(p / q)|` over the labels.
    """
    sums = np.stack([vectors[labels == label].sum(axis=0).A1 for label in np.unique(labels)])
    inside, outside = 1 + sums, 1 + sums.sum(axis=0) - sums
    share, rest = inside / inside.sum(1, keepdims=True), outside / outside.sum(1, keepdims=True)
    scale = np.sqrt(np.abs(np.log(share / rest)).max(axis=0))
    squares = np.square(vectors.data)
    mean = np.average(np.square(scale[vectors.indices]), weights=squares)
    if not mean:  # no term tells any label from another
        return np.ones(vectors.shape[1], np.float32)
    return np.asarray(scale / np.sqrt(mean), np.float32)


def _softmax_form(model: LogisticRegression) -> Affine:
    weights, bias = np.transpose(model.coef_), np.asarray(model.intercept_)
    if bias.size == 1:  # two labels: scikit-learn keeps the log-odds of the second alone
        weights, bias = np.hstack([-weights, weights]) / 2, np.hstack([-bias, bias]) / 2
    return Affine(weights, bias)


RECIPE = LogisticRegressionRecipe()

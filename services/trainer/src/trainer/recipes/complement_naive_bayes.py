"""Complement naive Bayes: naive Bayes made for labels that are not equally frequent."""

from collections.abc import Iterator, Sequence

import numpy as np
import scipy.sparse as sp
from sklearn.naive_bayes import ComplementNB
from sklearn.utils.class_weight import compute_sample_weight

from trainer.data.dataset import Dataset, Labels
from trainer.progress import Progress
from trainer.recipes.base import FittedModel
from trainer.recipes.linear import Affine, LinearSettings, fit_linear
from trainer.recipes.naive_bayes import ALPHAS


class ComplementNaiveBayes:
    """How unlike the texts of all other labels a text is, term by term, smoothed by `alpha`.

    A rare label is then judged by as many texts as a frequent one (Rennie et al., 2003, "Tackling
    the Poor Assumptions of Naive Bayes Text Classifiers", section 3.1). It has no prior: a fitted
    bias takes its place. With two labels it says what multinomial naive Bayes says without one.
    """

    name = "complement-naive-bayes"
    summary = "complement naive Bayes on TF-IDF of words and characters"
    settings = LinearSettings

    def fit(
        self, dataset: Dataset, settings: LinearSettings, progress: Progress, *, seed: int = 0
    ) -> FittedModel:
        """See `Recipe.fit`."""

        def train(
            vectors: sp.csr_matrix, labels: Labels, alphas: Sequence[float]
        ) -> Iterator[Affine]:
            balanced = settings.class_weights == "balanced"
            weights = compute_sample_weight("balanced" if balanced else None, labels)
            for alpha in alphas:
                model = ComplementNB(alpha=alpha).fit(vectors, labels, sample_weight=weights)
                yield Affine(np.transpose(model.feature_log_prob_), np.zeros(len(model.classes_)))

        return fit_linear(
            dataset,
            settings,
            progress,
            recipe=self.name,
            parameter="alpha",
            grid=ALPHAS,
            train=train,
            seed=seed,
        )


RECIPE = ComplementNaiveBayes()

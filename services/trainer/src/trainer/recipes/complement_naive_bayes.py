"""Complement naive Bayes: naive Bayes made for labels that are not equally frequent."""

from typing import Any

import numpy as np
from sklearn.naive_bayes import ComplementNB

from trainer.recipes.bags import Floats
from trainer.recipes.naive_bayes import NaiveBayes


class ComplementNaiveBayes(NaiveBayes):
    """How unlike the texts of all other labels a text is, term by term, smoothed by `alpha`.

    A rare label is then judged by as many texts as a frequent one (Rennie et al., 2003, "Tackling
    the Poor Assumptions of Naive Bayes Text Classifiers", section 3.1). It has no prior: a fitted
    bias takes its place. With two labels it says what multinomial naive Bayes says without one.
    """

    name = "complement-naive-bayes"
    summary = "complement naive Bayes on TF-IDF of words and characters"
    estimator = ComplementNB

    @staticmethod
    def prior(model: Any) -> Floats:
        """None: the same for each label."""
        return np.zeros(len(model.classes_))


RECIPE = ComplementNaiveBayes()

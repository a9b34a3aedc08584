"""A bias for each label: what makes a model's labels as frequent as the data's."""

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax

from trainer.data.dataset import Labels
from trainer.recipes.base import Logits


def fit_bias(logits: Logits, labels: Labels) -> Logits:
    """The bias `[labels]` which, added to logits, minimises the loss together with a temperature.

    This is vector scaling with one scale for all labels (Guo et al., 2017, "On Calibration of
    Modern Neural Networks", section 4.2): a plain temperature cannot mend logits that were trained
    on labels weighted otherwise than they occur.

    Args:
        logits: `[rows, labels]`, of texts the model was not trained on.
        labels: `[rows]`, the true label of each, as an index.

    Returns:
        The bias, in the unit of the logits and of mean 0.
    """
    scores = np.asarray(logits, np.float64)
    truth = np.eye(scores.shape[1])[labels]

    def loss(parameters: Logits) -> tuple[float, Logits]:
        """Mean loss in nats and its gradient, of the log of the scale and of the scaled bias."""
        scale, bias = np.exp(parameters[0]), parameters[1:]
        scaled = scores * scale + bias
        error = (softmax(scaled, axis=1) - truth) / len(truth)
        gradient = [(error * scores * scale).sum(), *error.sum(axis=0)]
        return -float((log_softmax(scaled, axis=1) * truth).sum() / len(truth)), np.array(gradient)

    best = minimize(
        loss,
        np.zeros(scores.shape[1] + 1),
        jac=True,
        method="L-BFGS-B",
        bounds=[np.log([0.05, 20.0]), *[(-10.0, 10.0)] * scores.shape[1]],
    )
    bias = best.x[1:] / np.exp(best.x[0])
    return np.asarray(bias - bias.mean())

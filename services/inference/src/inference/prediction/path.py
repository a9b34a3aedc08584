"""The path of a prediction in three parts, each callable and testable by itself.

before: texts to ids; core: ids to probabilities; after: probabilities to answers. Only the core
needs a graph, and a later scheduler can join the cores of several requests.
"""

from collections.abc import Sequence

import numpy as np

from contract.bundle import Bundle, Prediction
from contract.calibration import Probabilities
from contract.encoding import Encoded
from inference.problems import Failure, ServiceError


def before(bundle: Bundle, texts: Sequence[str]) -> list[Encoded]:
    """Encode texts that `check_text` has accepted."""
    return bundle.encoder.encode(texts)


def core(bundle: Bundle, encoded: Sequence[Encoded]) -> Probabilities:
    """Calibrated probabilities `[batch, labels]` of one batch.

    Raises:
        ServiceError: (model failed) the graph failed, or answered something that is no number.
    """
    try:
        probabilities = bundle.probabilities_of(encoded)
    except Exception as error:  # onnxruntime raises its own family of bare exceptions
        raise _model_failed(type(error).__name__) from error
    if not np.isfinite(probabilities).all():
        raise _model_failed("probabilities that are not numbers")
    return probabilities


def after(
    bundle: Bundle, encoded: Sequence[Encoded], probabilities: Probabilities
) -> list[Prediction]:
    """The answer to each text of a batch."""
    return [bundle.answer(item, row) for item, row in zip(encoded, probabilities, strict=True)]


def whole(bundle: Bundle, text: str) -> Prediction:
    """The three parts for one text.

    Raises:
        ServiceError: as `core`.
    """
    encoded = before(bundle, [text])
    return after(bundle, encoded, core(bundle, encoded))[0]


def _model_failed(reason: str) -> ServiceError:
    return ServiceError(Failure.MODEL_FAILED, f"the model gave no answer: {reason}")

"""The int8 form of a graph, and the proof that it answers well enough to be served."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx

from contract.calibration import Probabilities
from trainer.data.dataset import Labels
from trainer.errors import ExportError

MIN_AGREEMENT = 0.99
"""Share of test texts which must get the same label from both graphs."""
MAX_ACCURACY_LOSS = 0.003
"""What the quantised graph may lose in test accuracy, as a share."""


@dataclass(frozen=True)
class Quantisation:
    """How the quantised graph compares with the one it was made of, on the test split.

    Attributes:
        agreement: share of texts with the same label.
        accuracy_loss: accuracy before minus accuracy after; negative where it gained.
    """

    agreement: float
    accuracy_loss: float

    @property
    def acceptable(self) -> bool:
        """Whether it may be served."""
        return self.agreement >= MIN_AGREEMENT and self.accuracy_loss <= MAX_ACCURACY_LOSS

    def __str__(self) -> str:
        return (
            f"agreement {self.agreement:.2%}, accuracy loss {100 * self.accuracy_loss:.2f} points"
        )


def quantised(source: Path, target: Path) -> None:
    """Write the dynamically quantised form of a graph.

    Weights become int8, with a scale for each column of a product; activations are quantised as
    they come, with one scale for a whole batch, so a text's logits depend a little on its
    neighbours (0.03 to 0.05 measured).

    Args:
        source: an fp32 graph.
        target: the file to write.

    Raises:
        ExportError: (`quantisation`) ONNX Runtime's quantiser fails.
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic

    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.ERROR)  # it warns of every operator that is not in ONNX itself
    try:
        quantize_dynamic(
            source,
            target,
            op_types_to_quantize=["MatMul", "Attention", "Gather"],
            per_channel=True,
            weight_type=QuantType.QInt8,
            # What ONNX's shape inference does not know is the result of one of ONNX Runtime's
            # operators, all of which are floats here.
            extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},
        )
    except Exception as error:  # it raises whatever its steps do
        raise ExportError("quantisation", f"the graph cannot be quantised: {error}") from error
    finally:
        root.setLevel(level)


def compare(before: Probabilities, after: Probabilities, truth: Labels) -> Quantisation:
    """Compare two graphs' probabilities `[rows, labels]` of the same labelled texts `[rows]`."""
    labels: Sequence[np.ndarray] = [values.argmax(axis=1) for values in (before, after)]
    right = [float((found == truth).mean()) for found in labels]
    return Quantisation(float((labels[0] == labels[1]).mean()), right[0] - right[1])

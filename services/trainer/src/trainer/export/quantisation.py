"""The int8 form of a graph, and the proof that it answers well enough to be served."""

import logging
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx

from contract.bundle import Bundle
from contract.calibration import Probabilities
from contract.goldens import GOLDEN_TEXTS, golden_outputs
from contract.graph import Graph
from contract.manifest import MODEL, QUANTISED_MODEL, sha256_of
from trainer.data.dataset import Labels, Split
from trainer.errors import ExportError
from trainer.export.bundle_writer import update_manifest
from trainer.progress import Progress

ROWS_AT_ONCE = 1_000

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

    def as_dict(self) -> dict[str, float]:
        """Both figures, by name, for tracking."""
        return {
            "int8_agreement": self.agreement,
            "int8_accuracy_loss": self.accuracy_loss,
        }

    def __str__(self) -> str:
        return (
            f"agreement {self.agreement:.2%}, accuracy loss {100 * self.accuracy_loss:.2f} points"
        )


def add_int8(
    directory: Path, bundle: Bundle, split: Split, probabilities: Probabilities, progress: Progress
) -> Quantisation:
    """Give an exported bundle an int8 graph, if that answers as well as the fp32 one.

    Where it does not, the bundle stays as it was.

    Args:
        directory: the bundle.
        bundle: the same, opened with its fp32 graph.
        split: labelled texts to compare on.
        probabilities: what the fp32 graph answers to them, `[rows, labels]`.
        progress: told of the texts read, and of the figures.

    Raises:
        ExportError: (`quantisation`) ONNX Runtime's quantiser fails.
        BundleError: the quantised graph does not load.
    """
    with tempfile.TemporaryDirectory(prefix=".int8-", dir=directory.parent) as scratch:
        path = Path(scratch) / QUANTISED_MODEL
        quantised(directory / MODEL, path)
        manifest = bundle.manifest
        graph = Graph(path, label_count=len(manifest.labels), uses_weights=False)
        small = Bundle(manifest, bundle.encoder, graph, "int8")
        progress.start("compare int8", len(split))
        answers = []
        for start in range(0, len(split), ROWS_AT_ONCE):
            answers.append(small.probabilities(split.texts[start : start + ROWS_AT_ONCE]))
            progress.advance(len(answers[-1]))
        found = compare(probabilities, np.concatenate(answers), split.labels)
        verdict = "added" if found.acceptable else "left out: not good enough"
        progress.advance(0, f"int8 {verdict}; {found}")
        if found.acceptable:
            outputs = golden_outputs(bundle.encoder.encode(GOLDEN_TEXTS), small.probabilities_of)
            digest = sha256_of(path)
            path.rename(directory / QUANTISED_MODEL)
            update_manifest(
                directory,
                files={**manifest.files, QUANTISED_MODEL: digest},
                goldens={**manifest.goldens, "int8": outputs},
            )
    return found


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

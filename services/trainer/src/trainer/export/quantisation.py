"""The int8 form of a graph, and the proof that it answers well enough to be served."""

import logging
import tempfile
from collections.abc import Callable, Sequence
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
from trainer.export.block_products import write_in_blocks
from trainer.export.bundle_writer import update_manifest
from trainer.progress import Progress

ROWS_AT_ONCE = 1_000

MIN_AGREEMENT = 0.99
"""Share of test texts which must get the same label from both graphs."""
MAX_ACCURACY_LOSS = 0.003
"""What the quantised graph may lose in test accuracy, as a share."""


@dataclass(frozen=True)
class Form:
    """A way to quantise a graph.

    Attributes:
        name: as it is told.
        in_blocks: whether a product by a weight of so many rows and columns is quantised block by
            block, which is exacter and slower than with one scale for all states.
    """

    name: str
    in_blocks: Callable[[int, int], bool]


FORMS = (
    Form("one scale", lambda rows, columns: False),
    Form("narrowing products in blocks", lambda rows, columns: rows > columns),
    Form("products in blocks", lambda rows, columns: True),
)
"""From the fastest to the exactest. What an encoder's GELU gives, which the narrowing product of
each layer reads, has by far the widest range."""


@dataclass(frozen=True)
class Quantisation:
    """How the quantised graph compares with the one it was made of, on the test split.

    Attributes:
        form: the name of its form.
        agreement: share of texts with the same label.
        accuracy_loss: accuracy before minus accuracy after; negative where it gained.
    """

    form: str
    agreement: float
    accuracy_loss: float

    @property
    def acceptable(self) -> bool:
        """Whether it may be served."""
        return self.agreement >= MIN_AGREEMENT and self.accuracy_loss <= MAX_ACCURACY_LOSS

    def as_dict(self) -> dict[str, float]:
        """The figures, by name, for tracking."""
        return {
            "int8_agreement": self.agreement,
            "int8_accuracy_loss": self.accuracy_loss,
        }

    def __str__(self) -> str:
        loss = f"accuracy loss {100 * self.accuracy_loss:.2f} points"
        return f"{self.form}: agreement {self.agreement:.2%}, {loss}"


def add_int8(
    directory: Path, bundle: Bundle, split: Split, probabilities: Probabilities, progress: Progress
) -> Quantisation:
    """Give an exported bundle the fastest int8 graph that answers as well as the fp32 one.

    Where none does, the bundle stays as it was.

    Args:
        directory: the bundle.
        bundle: the same, opened with its fp32 graph.
        split: labelled texts to compare on.
        probabilities: what the fp32 graph answers to them, `[rows, labels]`.
        progress: told of the texts read, and of the figures.

    Returns:
        The figures of the graph that was added, or else of the exactest one.

    Raises:
        ExportError: (`quantisation`) ONNX Runtime's quantiser fails.
        BundleError: a quantised graph does not load.
    """
    manifest = bundle.manifest
    with tempfile.TemporaryDirectory(prefix=".int8-", dir=directory.parent) as scratch:
        for number, form in enumerate(FORMS):
            path = Path(scratch) / str(number) / QUANTISED_MODEL
            path.parent.mkdir()
            quantised(directory / MODEL, path, form)
            graph = Graph(path, label_count=len(manifest.labels), uses_weights=False)
            small = Bundle(manifest, bundle.encoder, graph, "int8")
            answers = _answers(small, split, progress)
            found = compare(probabilities, answers, split.labels, form.name)
            verdict = "added" if found.acceptable else "left out: not good enough"
            progress.advance(0, f"int8 {verdict}; {found}")
            if found.acceptable:
                _add(directory, small, path)
                break
    return found


def _answers(small: Bundle, split: Split, progress: Progress) -> Probabilities:
    """What a quantised graph answers to a split, `[rows, labels]`."""
    progress.start("compare int8", len(split))
    answers = []
    for start in range(0, len(split), ROWS_AT_ONCE):
        answers.append(small.probabilities(split.texts[start : start + ROWS_AT_ONCE]))
        progress.advance(len(answers[-1]))
    return np.concatenate(answers)


def _add(directory: Path, small: Bundle, path: Path) -> None:
    """Move a quantised graph into the bundle that it was made of, with its golden outputs."""
    manifest = small.manifest
    outputs = golden_outputs(small.encoder.encode(GOLDEN_TEXTS), small.probabilities_of)
    digest = sha256_of(path)
    path.rename(directory / QUANTISED_MODEL)
    update_manifest(
        directory,
        files={**manifest.files, QUANTISED_MODEL: digest},
        goldens={**manifest.goldens, "int8": outputs},
    )


def quantised(source: Path, target: Path, form: Form) -> None:
    """Write a dynamically quantised form of a graph.

    Weights become int8, with a scale for each column of a product; activations are quantised as
    they come, with one scale for a whole batch unless in blocks, so a text's logits depend a little
    on its neighbours (0.03 to 0.05 measured).

    Args:
        source: an fp32 graph.
        target: the file to write.
        form: how.

    Raises:
        ExportError: (`quantisation`) ONNX Runtime's quantiser fails.
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic

    in_blocks = _products(onnx.load(source), form)
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.ERROR)  # it warns of every operator that is not in ONNX itself
    try:
        quantize_dynamic(
            source,
            target,
            op_types_to_quantize=["MatMul", "Attention", "Gather"],
            nodes_to_exclude=in_blocks,
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
    if in_blocks:
        model = onnx.load(target)
        write_in_blocks(model, in_blocks)
        onnx.save(model, target)


def _products(model: onnx.ModelProto, form: Form) -> list[str]:
    """Names of the products by a constant that a form quantises in blocks."""
    shapes = {tensor.name: tuple(tensor.dims) for tensor in model.graph.initializer}
    return [
        node.name
        for node in model.graph.node
        if node.op_type == "MatMul"
        and len(shape := shapes.get(node.input[1], ())) == 2
        and form.in_blocks(*shape)
    ]


def compare(before: Probabilities, after: Probabilities, truth: Labels, form: str) -> Quantisation:
    """Compare two graphs' probabilities `[rows, labels]` of the same labelled texts `[rows]`.

    Args:
        before: of the fp32 graph.
        after: of the quantised one.
        truth: the labels' places.
        form: the name of the form that was quantised to.
    """
    labels: Sequence[np.ndarray] = [values.argmax(axis=1) for values in (before, after)]
    right = [float((found == truth).mean()) for found in labels]
    return Quantisation(form, float((labels[0] == labels[1]).mean()), right[0] - right[1])

"""The checks that an exported graph must pass before anything of it is kept or logged.

A conversion can return success and write an unusable file, so nothing is taken on trust.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx

from contract.calibration import softmax
from contract.encoding import Encoded, pad
from contract.errors import BundleError
from contract.goldens import GOLDEN_TEXTS
from contract.graph import Graph
from contract.manifest import MODEL
from trainer.errors import ExportError
from trainer.recipes.base import FittedModel, Logits

PARITY_TOLERANCE = 1e-4
"""Largest difference of any probability between the trained model and its graph."""
PADDING_TOLERANCE = 1e-5
"""Largest change of any fp32 logit when padding is appended."""

REAL_TEXTS = 64
BATCH_SIZES = (1, 16)


def verify_export(
    model: FittedModel, bundle_dir: Path, texts: Sequence[str], labels: Sequence[str]
) -> Graph:
    """Prove that the graph in `bundle_dir` answers as the trained model does.

    Runs, in this order: `onnx.checker`; a load in ONNX Runtime with the contract's own checks of
    inputs and outputs; indifference to appended padding for three texts, at three lengths each;
    parity with the model on the shortest and the longest texts, each at two batch sizes. All
    logits must be finite.

    Args:
        model: the trained model, which is the reference.
        bundle_dir: where `model.onnx` lies; nothing else there is read.
        texts: real texts, of which the first 64 are used, beside the golden texts.
        labels: the label names.

    Returns:
        The loaded graph.

    Raises:
        ExportError: a check failed: `onnx-checker`, one of `contract.graph.Graph`, `run`,
            `finite`, `parity` or `padding`.
    """
    path = bundle_dir / MODEL
    try:
        onnx.checker.check_model(str(path))
    except Exception as error:  # onnx has no base class for its errors
        raise ExportError("onnx-checker", f"{MODEL} is not valid ONNX: {error}") from error
    try:
        graph = Graph(path, label_count=len(labels), uses_weights=model.features is not None)
    except BundleError as error:
        raise ExportError(error.check, error.message) from error

    pool = [*texts[:REAL_TEXTS], *GOLDEN_TEXTS]
    encoded = model.encoder.encode(pool)
    by_length = sorted(range(len(pool)), key=lambda index: encoded[index].ids.size)
    for index in (by_length[0], by_length[len(pool) // 2], by_length[-1]):
        _check_padding(graph, encoded[index], model)
    expected = softmax(model.predict_logits(pool))
    for group in (by_length[: max(BATCH_SIZES)], by_length[-max(BATCH_SIZES) :]):
        for size in BATCH_SIZES:
            for start in range(0, len(group), size):
                batch = group[start : start + size]
                logits = _run(graph, [encoded[index] for index in batch], model.encoder.pad_id)
                _check_parity(logits, expected[batch])
    return graph


def _run(graph: Graph, batch: Sequence[Encoded], pad_id: int) -> Logits:
    feeds = pad(batch, pad_id)
    shape = list(feeds["token_ids"].shape)
    try:
        logits = graph(feeds)
    except Exception as error:  # onnxruntime raises its own family of bare exceptions
        raise ExportError("run", f"the graph fails on a batch of shape {shape}: {error}") from error
    if not np.isfinite(logits).all():
        raise ExportError("finite", f"a batch of shape {shape} gives logits that are not finite")
    return logits


def _check_parity(logits: Logits, expected: np.ndarray) -> None:
    actual = softmax(logits)
    if actual.shape != expected.shape:
        raise ExportError(
            "parity", f"the graph gives shape {actual.shape}, the model {expected.shape}"
        )
    difference = float(np.abs(actual - expected).max())
    if not difference <= PARITY_TOLERANCE:  # also refuses NaN
        raise ExportError(
            "parity",
            f"in a batch of {len(logits)} a probability differs from the trained model's by "
            f"{difference:.2g}, more than {PARITY_TOLERANCE:g}",
        )


def _check_padding(graph: Graph, text: Encoded, model: FittedModel) -> None:
    """Compare a text alone with itself padded by one id, half-way to, and up to, the limit."""
    length, limit = text.ids.size, model.encoder.max_length
    expected = _run(graph, [text], model.encoder.pad_id)
    for padded_length in sorted({length + 1, (length + limit) // 2, limit}):
        extra = padded_length - length
        if not 0 < extra <= limit - length:
            continue  # this text fills the model; the shorter ones do not
        padded = Encoded(
            np.pad(text.ids, (0, extra), constant_values=model.encoder.pad_id),
            None if text.weights is None else np.pad(text.weights, (0, extra)),
            text.truncated,
        )
        change = np.abs(_run(graph, [padded], model.encoder.pad_id) - expected).max()
        if not change <= PADDING_TOLERANCE:
            raise ExportError(
                "padding",
                f"appending {extra} pad ids to a text of {length} moves a logit by {change:.2g}, "
                f"more than {PADDING_TOLERANCE:g}",
            )

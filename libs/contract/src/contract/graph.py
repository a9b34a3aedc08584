"""One ONNX graph in ONNX Runtime: the part of prediction between encoding and labels."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime

from contract.encoding import Feeds
from contract.errors import BundleError

Logits = npt.NDArray[np.float32]

LEFT_OUT = ("SkipLayerNormFusion",)
"""What ONNX Runtime is not to do to a graph.

On a processor its fused `SkipLayerNormalization` takes 5.1 ns for each number, and the two sums and
the `LayerNormalization` that it stands for 0.9 together (1.31, `[24, 20, 384]`, one thread of an
AMD EPYC, 2026-11-22): a fifth of an int8 encoder's time.
"""


class Graph:
    """A loaded graph that maps padded ids to logits; safe to call from many threads at once."""

    def __init__(
        self, path: Path, *, label_count: int, uses_weights: bool, threads: int = 1
    ) -> None:
        """Load a graph and check its inputs and output.

        Args:
            path: the ONNX file.
            label_count: columns its logits must have.
            uses_weights: whether it must read `token_weights` too.
            threads: threads within one call. One, called from as many threads as there are
                cores, serves more than one call on many.

        Raises:
            BundleError: (`load`) ONNX Runtime cannot load it; (`inputs`) its inputs are others;
                (`labels`) its logits have another number of columns.
        """
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # A plan of memory is kept for each shape that is met, and hardly two batches have the same.
        options.enable_mem_pattern = False
        # Spinning threads would starve the other callers of a shared session.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = onnxruntime.InferenceSession(
                str(path),
                options,
                providers=["CPUExecutionProvider"],
                disabled_optimizers=LEFT_OUT,
            )
        except Exception as error:  # onnxruntime raises its own family of bare exceptions
            raise BundleError("load", f"{path.name} does not load: {error}") from error
        self._check_inputs(path.name, uses_weights)
        self._check_output(path.name, label_count)

    def __call__(self, feeds: Feeds) -> Logits:
        """Logits `[batch, labels]` of padded ids `[batch, length]`."""
        (logits,) = self._session.run(["logits"], feeds)
        return np.asarray(logits, np.float32)

    def _check_inputs(self, name: str, uses_weights: bool) -> None:
        expected = {"token_ids": "tensor(int64)"}
        if uses_weights:
            expected["token_weights"] = "tensor(float)"
        actual = {item.name: item.type for item in self._session.get_inputs()}
        if actual != expected:
            raise BundleError("inputs", f"{name} reads {actual}, the contract says {expected}")
        for item in self._session.get_inputs():
            if len(item.shape) != 2 or any(isinstance(size, int) for size in item.shape):
                raise BundleError(
                    "inputs", f"{name}: {item.name} has shape {item.shape}, must be free in both"
                )

    def _check_output(self, name: str, label_count: int) -> None:
        outputs = [item.name for item in self._session.get_outputs()]
        if outputs != ["logits"]:
            raise BundleError("outputs", f"{name} gives {outputs}, must give logits alone")
        feeds: Feeds = {"token_ids": np.ones((1, 2), np.int64)}
        if len(self._session.get_inputs()) == 2:
            feeds["token_weights"] = np.ones((1, 2), np.float32)
        try:
            shape = self(feeds).shape
        except Exception as error:  # as above
            raise BundleError("load", f"{name} loads but does not run: {error}") from error
        if shape != (1, label_count):
            raise BundleError(
                "labels", f"{name} gives {shape[-1]} logits, the manifest has {label_count} labels"
            )

"""Keras on TensorFlow, loaded only when a recipe runs: the import takes many seconds."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from trainer.errors import TrainerError

TrainingDtype = Literal["float32", "mixed_bfloat16"]
BFLOAT16_FLAGS = {"avx512_bf16", "amx_bf16"}


def load_keras() -> Any:
    """The `keras` module on its TensorFlow backend, without TensorFlow's start-up messages.

    Raises:
        TrainerError: something else has already loaded Keras on another backend.
    """
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if "tensorflow" not in sys.modules:
        with silent_standard_error():
            import tensorflow  # noqa: F401
    import keras

    if keras.backend.backend() != "tensorflow":
        raise TrainerError(
            f"Keras is already loaded on {keras.backend.backend()!r}: "
            "unset KERAS_BACKEND and start again"
        )
    return keras


@contextmanager
def silent_standard_error() -> Iterator[None]:
    """Hide what TensorFlow says while it looks for devices."""
    # TensorFlow's C++ writes to the descriptor itself, before its log level can be set.
    sys.stderr.flush()
    saved = os.dup(2)
    try:
        with Path(os.devnull).open("w") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)


def training_dtype(cpuinfo: Path = Path("/proc/cpuinfo")) -> TrainingDtype:
    """The number format to train in: bfloat16 where the processor multiplies it natively.

    Elsewhere bfloat16 is emulated and slower than float32. Variables stay float32 either way.

    Args:
        cpuinfo: where Linux lists the processor's features; float32 where there is no such file.
    """
    try:
        lines = cpuinfo.read_text(encoding="utf-8").splitlines()
    except OSError:
        return "float32"
    flags = next((line for line in lines if line.startswith("flags")), "")
    return "mixed_bfloat16" if BFLOAT16_FLAGS & set(flags.split()) else "float32"

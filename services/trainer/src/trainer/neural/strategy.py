"""Training on one device, or on every GPU of the machine at once."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from trainer.errors import TrainerError
from trainer.neural.backend import load_keras, silent_standard_error

Strategy = Literal["one", "mirrored"]


@contextmanager
def strategy_scope(strategy: Strategy, *, kind: Literal["GPU", "CPU"] = "GPU") -> Iterator[None]:
    """Where Keras models are built and trained on the devices that a strategy takes.

    With `mirrored`, every device has a copy of the model and a part of every batch; gradients are
    summed over all of them (`tf.distribute.MirroredStrategy`). The batch size is that of all
    devices together, so that a model is the same, apart from rounding, however many there are.

    Args:
        strategy: `one` leaves the choice to TensorFlow, and does not even load it.
        kind: the devices to mirror on.

    Raises:
        TrainerError: there is no such device.
    """
    if strategy == "one":
        yield
        return
    load_keras()
    import tensorflow as tf

    with silent_standard_error():
        devices = [device.name for device in tf.config.list_logical_devices(kind)]
    if not devices:
        raise TrainerError(
            f"--strategy mirrored finds no {kind}: install the NVIDIA driver and the trainer's "
            "extra `and-cuda`, or leave the option out to train on this processor"
        )
    with tf.distribute.MirroredStrategy(devices).scope():
        yield

"""The training loop of every Keras recipe."""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from scipy.special import log_softmax

from trainer.export.calibration import fit_temperature
from trainer.neural.backend import load_keras
from trainer.progress import Progress, report_loss

History = dict[str, list[float]]


@dataclass(frozen=True)
class Plan:
    """How long and how fast to learn.

    Attributes:
        epochs: the most passes over the training data.
        batch_size: texts in one step.
        learning_rate: the highest; it rises to it over `warmup` and falls to zero along a cosine.
        warmup: share of all steps.
        weight_decay: AdamW's, on all but biases and normalisation.
        patience: epochs without a lower calibrated validation loss before training stops.
        min_steps: small data are read more than `epochs` times until there are so many steps.
    """

    epochs: int
    batch_size: int
    learning_rate: float
    warmup: float = 0.1
    weight_decay: float = 0.01
    patience: int = 2
    min_steps: int = 0

    def for_rows(self, rows: int, epochs: int | None) -> "Plan":
        """The same with the user's number of epochs, else with what so many rows need."""
        if epochs is None:
            steps = math.ceil(rows / self.batch_size)
            epochs = max(self.epochs, math.ceil(self.min_steps / steps))
        return replace(self, epochs=epochs)

    def parameters(self) -> dict[str, str | int | float | bool]:
        """For tracking."""
        return asdict(self)


def train(
    model: Any,
    batches: Any,
    validation: Any,
    plan: Plan,
    *,
    task: str,
    progress: Progress,
) -> History:
    """Train a Keras model that gives logits `[batch, labels]`, in place.

    The model ends with the weights of the epoch of lowest calibrated validation loss, whether
    training was stopped early or not: the loss after temperature scaling, as the export scales it.
    The plain loss rises with the confidence of a model that still learns to tell labels apart.

    Args:
        model: not compiled yet.
        batches: what it learns from: a `tf.data.Dataset` of known size, of inputs, label indices
            `[batch]` and weights `[batch]`; shuffled by itself.
        validation: what decides when to stop, of the same form and weighted alike.
        plan: how long and how fast to learn.
        task: what the progress is called.
        progress: told of every step.

    Returns:
        `loss`, `accuracy`, `val_loss`, `val_accuracy` and `val_calibrated_loss` of each epoch.
    """
    keras = load_keras()
    steps = int(batches.cardinality()) * plan.epochs
    model.compile(
        optimizer(plan, steps),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=[keras.metrics.SparseCategoricalAccuracy(name="accuracy")],
        jit_compile=False,
    )
    # All variables are there before the first step is traced, else TensorFlow traces it twice: to
    # make them, and to use them. That is half of the time until training begins.
    model.optimizer.build(model.trainable_variables)
    stopping = keras.callbacks.EarlyStopping(
        monitor="val_calibrated_loss",
        mode="min",
        patience=plan.patience,
        restore_best_weights=True,
    )
    measuring = keras.callbacks.LambdaCallback(on_epoch_end=_measuring(model, validation))
    fitted = model.fit(
        batches,
        epochs=plan.epochs,
        callbacks=[measuring, stopping, _reporting(progress, task, plan.epochs, steps)],
        shuffle=False,  # the batches shuffle themselves
        verbose=0,
    )
    return {name: [float(value) for value in values] for name, values in fitted.history.items()}


def optimizer(plan: Plan, steps: int) -> Any:
    """AdamW over so many steps, its rate and decay as the plan has them."""
    keras = load_keras()
    warmup = max(1, round(plan.warmup * steps))
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, max(1, steps - warmup), warmup_target=plan.learning_rate, warmup_steps=warmup
    )
    adam = keras.optimizers.AdamW(rate, weight_decay=plan.weight_decay, global_clipnorm=1.0)
    adam.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return adam


def _measuring(model: Any, validation: Any) -> Callable[[int, dict[str, float]], None]:
    """What adds the figures of the validation data to those of an epoch."""
    import tensorflow as tf

    @tf.function(input_signature=[validation.element_spec[0]], autograph=False)  # type: ignore[untyped-decorator]
    def predict(inputs: Any) -> Any:
        return model(inputs, training=False)

    def measure(_: int, logs: dict[str, float]) -> None:
        batches = [
            (predict(inputs).numpy(), labels.numpy(), weights.numpy())
            for inputs, labels, weights in validation
        ]
        logits, labels, weights = (np.concatenate(parts) for parts in zip(*batches, strict=True))
        losses = -log_softmax(logits, axis=1)[np.arange(len(labels)), labels]
        right = logits.argmax(axis=1) == labels
        logs["val_loss"] = float(np.average(losses, weights=weights))
        logs["val_accuracy"] = float(right.mean())
        logs["val_calibrated_loss"] = fit_temperature(logits, labels, weights).loss

    return measure


def _reporting(progress: Progress, task: str, epochs: int, steps: int) -> Any:
    keras = load_keras()
    done, current, measured = 0, 0, ""

    def begin(_: Any) -> None:
        progress.start(task, steps)

    def epoch(index: int, _: Any) -> None:
        nonlocal current
        current = index + 1

    def step(_: int, logs: dict[str, float]) -> None:
        nonlocal done
        done += 1
        figures = f"loss {logs['loss']:.3f} accuracy {logs['accuracy']:.3f}"
        progress.advance(1, f"epoch {current}/{epochs} {figures}{measured}")

    def validated(_: int, logs: dict[str, float]) -> None:
        nonlocal measured
        measured = f", validation {logs['val_loss']:.3f} {logs['val_accuracy']:.3f}"
        report_loss(progress, current, logs["val_calibrated_loss"])

    def end(_: Any) -> None:
        if done < steps:
            progress.advance(steps - done, f"stopped early after epoch {current}{measured}")

    return keras.callbacks.LambdaCallback(
        on_train_begin=begin,
        on_epoch_begin=epoch,
        on_train_batch_end=step,
        on_epoch_end=validated,
        on_train_end=end,
    )

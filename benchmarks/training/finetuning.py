"""Fine-tuning BERT as the trainer does it, against the same model in plain Keras."""

import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from trainer.data.dataset import Dataset, Split
from trainer.progress import Progress
from trainer.recipes.base import Logits
from trainer.recipes.bert import BertSettings
from trainer.recipes.spec import RecipeSpec

PLAIN_LENGTH = 64
"""Ids that plain Keras pads every tweet to; longer ones are cut in both."""


@dataclass(frozen=True)
class Trained:
    """One training.

    Attributes:
        tweets_per_second: after the first step, in which TensorFlow compiles.
        seconds: all of it, compiling and loading weights included.
        correct: whether each test tweet was answered rightly `[tweets]`.
    """

    tweets_per_second: float
    seconds: float
    correct: np.ndarray


class Stopwatch:
    """Progress that passes everything on and notes when the first and the last step ended."""

    def __init__(self, progress: Progress, task: str) -> None:
        self._progress, self._watched = progress, task
        self._task = ""
        self.first = self.last = 0.0

    def start(self, task: str, total: int) -> None:
        """See `Progress.start`."""
        self._task = task
        self._progress.start(task, total)

    def advance(self, steps: int = 1, note: str = "") -> None:
        """See `Progress.advance`."""
        if self._task == self._watched:
            self.last = time.perf_counter()
            self.first = self.first or self.last
        self._progress.advance(steps, note)


def train_here(
    dataset: Dataset, settings: BertSettings, test: Split, progress: Progress, seed: int
) -> Trained:
    """Train with the recipe `bert`."""
    watch = Stopwatch(progress, "bert")
    started = time.perf_counter()
    model = RecipeSpec("bert", settings).fit(dataset, watch, seed=seed)
    seconds = time.perf_counter() - started
    timed = len(dataset.train) * (settings.epochs or 1) - settings.batch_size
    return Trained(
        timed / (watch.last - watch.first),
        seconds,
        _correct(model.predict_logits(test.texts), test),
    )


def train_plainly(
    dataset: Dataset, settings: BertSettings, test: Split, progress: Progress, seed: int
) -> Trained:
    """Train with Keras alone: `fit` on one array, in float32, with the same optimizer."""
    from trainer.neural.backend import load_keras
    from trainer.neural.encoder import load_backbone, network, text_encoder
    from trainer.neural.prediction import KerasLogits
    from trainer.neural.training import Plan, optimizer
    from trainer.neural.weights import open_pretrained

    keras = load_keras()
    started = time.perf_counter()
    pretrained = open_pretrained(settings.weights)
    keras.utils.set_random_seed(seed)
    encoder = text_encoder(pretrained, settings.max_length)
    head = [keras.layers.Dropout(settings.dropout), keras.layers.Dense(len(dataset.labels))]
    model = network(load_backbone(pretrained, "float32"), head, encoder.pad_id)
    epochs = settings.epochs or 1
    plan = Plan(epochs, settings.batch_size, settings.learning_rate)
    steps = -(-len(dataset.train) // settings.batch_size) * epochs
    model.compile(
        optimizer(plan, steps),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        jit_compile=False,  # as in the trainer: XLA makes a step no faster on a CPU
    )
    ids = np.full((len(dataset.train), PLAIN_LENGTH), encoder.pad_id, np.int64)
    for row, item in enumerate(encoder.encode(dataset.train.texts)):
        ids[row, : item.ids.size] = item.ids
    watch = Stopwatch(progress, "plain Keras")
    watch.start("plain Keras", steps)

    def step(_: int, logs: dict[str, float]) -> None:
        watch.advance(1, f"loss {logs['loss']:.3f}")

    model.fit(
        ids,
        dataset.train.labels,
        batch_size=settings.batch_size,
        epochs=epochs,
        callbacks=[keras.callbacks.LambdaCallback(on_train_batch_end=step)],
        verbose=0,
    )
    seconds = time.perf_counter() - started
    timed = len(dataset.train) * epochs - settings.batch_size
    logits = KerasLogits(model, encoder)(test.texts)
    return Trained(timed / (watch.last - watch.first), seconds, _correct(logits, test))


def _correct(logits: Logits, test: Split) -> Any:
    return logits.argmax(axis=1) == test.labels

"""The loop itself, on vectors, where a step takes a millisecond."""

import signal

import numpy as np
import pytest

from trainer.neural.backend import load_keras
from trainer.neural.batches import vector_batches
from trainer.neural.training import Plan, train
from trainer.progress import NoProgress

pytestmark = pytest.mark.slow


class Recorded(NoProgress):
    def __init__(self):
        self.total, self.done, self.notes = 0, 0, []

    def start(self, task, total):
        self.total = total

    def advance(self, steps=1, note=""):
        self.done += steps
        self.notes.append(note)


def network():
    keras = load_keras()
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [keras.Input((8,)), keras.layers.Dense(32, activation="relu"), keras.layers.Dense(2)]
    )


def noise(rows, seed):
    """Vectors whose labels cannot be learned: the longer one trains, the worse on others."""
    random = np.random.default_rng(seed)
    weights = random.uniform(0.5, 1.5, rows)
    return (
        random.normal(size=(rows, 8)).astype(np.float32),
        random.integers(0, 2, rows),
        (weights / weights.mean()).astype(np.float32),
    )


def test_stops_early_and_keeps_the_best_weights():
    model, progress = network(), Recorded()
    validation = vector_batches(*noise(200, 2), 64)
    plan = Plan(epochs=40, batch_size=16, learning_rate=0.03, warmup=0.02, patience=3)
    history = train(
        model,
        vector_batches(*noise(200, 1), 16, seed=0),
        validation,
        plan,
        task="noise",
        progress=progress,
    )
    losses = history["val_calibrated_loss"]
    best = int(np.argmin(losses))
    assert len(losses) == best + 1 + 3 < 40
    assert model.evaluate(validation, verbose=0)[0] == pytest.approx(
        history["val_loss"][best], abs=1e-6
    )
    assert progress.done == progress.total == 40 * 13
    assert "stopped early" in progress.notes[-1]


def test_keeps_the_best_weights_when_all_epochs_are_run():
    model = network()
    validation = vector_batches(*noise(200, 2), 64)
    plan = Plan(epochs=6, batch_size=16, learning_rate=0.03, patience=50)
    batches = vector_batches(*noise(200, 1), 16, seed=0)
    history = train(model, batches, validation, plan, task="noise", progress=NoProgress())
    best = int(np.argmin(history["val_calibrated_loss"]))
    assert best < 5
    assert model.evaluate(validation, verbose=0)[0] == pytest.approx(
        history["val_loss"][best], abs=1e-6
    )


def test_reports_every_step_with_loss_and_accuracy():
    progress = Recorded()
    vectors = noise(64, 1)
    plan = Plan(epochs=2, batch_size=16, learning_rate=0.001)
    train(
        network(),
        vector_batches(*vectors, 16, seed=0),
        vector_batches(*vectors, 16),
        plan,
        task="noise",
        progress=progress,
    )
    assert progress.done == progress.total == len(progress.notes) == 8
    assert progress.notes[0].startswith("epoch 1/2 loss ")
    assert "accuracy" in progress.notes[-1]
    assert "validation" in progress.notes[-1]


def test_control_c_ends_training_at_once():
    class Interrupted(Recorded):
        def advance(self, steps=1, note=""):
            super().advance(steps, note)
            if self.done == 3:
                signal.raise_signal(signal.SIGINT)

    progress, vectors = Interrupted(), noise(160, 1)
    batches = vector_batches(*vectors, 16, seed=0)
    with pytest.raises(KeyboardInterrupt):
        train(
            network(),
            batches,
            batches,
            Plan(epochs=9, batch_size=16, learning_rate=0.001),
            task="noise",
            progress=progress,
        )
    assert progress.done == 3

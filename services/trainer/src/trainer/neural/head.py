"""Training a small head on what a frozen encoder says of each text."""

from collections.abc import Callable
from typing import Any, Literal

from contract.encoding import Encoder
from trainer.data.dataset import Dataset, Split
from trainer.neural.batches import label_weights, vector_batches
from trainer.neural.prediction import as_function, outputs
from trainer.neural.training import History, Plan, train
from trainer.progress import Progress
from trainer.recipes.base import Logits


def head_plan(rows: int, epochs: int | None, *, batch_size: int, learning_rate: float) -> Plan:
    """How long and how fast a head learns; see `Plan`."""
    return Plan(
        epochs=15,
        batch_size=batch_size,
        learning_rate=learning_rate,
        patience=3,
        min_steps=600,
    ).for_rows(rows, epochs)


def fit_head(
    features: Any,
    encoder: Encoder,
    dataset: Dataset,
    build: Callable[[Logits], Any],
    plan: Plan,
    *,
    class_weights: Literal["none", "balanced"],
    task: str,
    progress: Progress,
    seed: int,
) -> tuple[Any, History]:
    """Read every text once through the encoder, and train a head on what it says.

    Args:
        features: a Keras model, ids `[batch, length]` to features `[batch, width]`; not trained.
        encoder: turns texts into ids.
        dataset: its train split teaches, its validation split says when to stop.
        build: from the features of the training texts `[rows, width]` to an untrained head of
            logits.
        plan: how long and how fast to learn.
        class_weights: whether rare labels count for as much as frequent ones.
        task: what the progress is called.
        progress: told of the texts read and of every step.
        seed: of the batches' order.

    Returns:
        The trained head, and the history of its training.
    """
    training = _vectors(features, dataset.train, encoder, "read training texts", progress)
    validation = _vectors(features, dataset.validation, encoder, "read validation", progress)
    labels = dataset.train.labels, dataset.validation.labels
    weights = label_weights(class_weights, labels[0], len(dataset.labels))
    head = build(training)
    history = train(
        head,
        vector_batches(training, labels[0], weights[labels[0]], plan.batch_size, seed),
        vector_batches(validation, labels[1], weights[labels[1]], plan.batch_size),
        plan,
        task=task,
        progress=progress,
    )
    return head, history


def _vectors(
    features: Any, split: Split, encoder: Encoder, task: str, progress: Progress
) -> Logits:
    progress.start(task, len(split))
    encoded = encoder.encode(split.texts)
    return outputs(as_function(features), encoded, encoder.pad_id, progress)

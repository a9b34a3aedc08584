"""Dense layers over averaged word vectors, blind to the order of words (cf. Iyyer et al. 2015)."""

from collections.abc import Sequence
from typing import Any

from pydantic import Field

from trainer.neural.backend import load_keras
from trainer.neural.pooling import pooling_layer
from trainer.recipes.word_nets import WordNet, WordNetSettings


class DenseSettings(WordNetSettings):
    """What a user may set for a dense net."""

    layers: int = Field(default=1, ge=0, le=3, description="hidden dense layers")
    learning_rate: float = Field(default=1e-2, gt=0, le=0.1, description="the highest")
    units: int = Field(default=128, ge=1, le=4096, description="units of a hidden layer")


def dense_body(settings: DenseSettings) -> Sequence[Any]:
    """Mean and maximum over the words, then hidden layers."""
    keras = load_keras()
    layers: list[Any] = [pooling_layer()(("mean", "max"))]
    for _ in range(settings.layers):
        layers.append(keras.layers.Dropout(settings.dropout))
        layers.append(keras.layers.Dense(settings.units, activation="relu"))
    return layers


RECIPE = WordNet(
    name="dense",
    summary="dense layers over averaged word vectors",
    family="dense",
    settings=DenseSettings,
    body=dense_body,
    epochs=8,
)

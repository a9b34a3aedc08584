"""Nets that read a tweet word by word: what the recipes `gru`, `lstm` and `bilstm` share."""

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import Field

from trainer.neural.backend import load_keras
from trainer.neural.pooling import pooling_layer
from trainer.recipes.word_nets import WordNet, WordNetSettings

POOLED = ("last", "max", "mean")


class RecurrentSettings(WordNetSettings):
    """What a user may set for a recurrent net."""

    layers: int = Field(default=1, ge=1, le=2, description="recurrent layers, one on another")
    units: int = Field(default=96, ge=1, le=1024, description="units of a layer, per direction")


def recurrent(
    name: str, summary: str, *, cell: Literal["LSTM", "GRU"], both: bool
) -> WordNet[RecurrentSettings]:
    """The recipe of masked layers of this Keras cell, their states pooled.

    Args:
        name: what users call it.
        summary: one line on what it is.
        cell: the Keras layer.
        both: whether texts are read backwards too.
    """

    def body(settings: RecurrentSettings) -> Sequence[Any]:
        keras = load_keras()
        layers: list[Any] = []
        for index in range(settings.layers):
            if index:
                layers.append(keras.layers.SpatialDropout1D(settings.dropout))
            # With "auto", Keras takes a cuDNN operator where it sees a GPU, in the middle of masks.
            layer = getattr(keras.layers, cell)(
                settings.units, return_sequences=True, use_cudnn=False
            )
            layers.append(keras.layers.Bidirectional(layer) if both else layer)
        return [*layers, pooling_layer()(POOLED, backward=settings.units if both else 0)]

    return WordNet(
        name=name,
        summary=summary,
        family="recurrent",
        settings=RecurrentSettings,
        body=body,
        epochs=4,
    )

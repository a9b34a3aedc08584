"""A small head on what a frozen pretrained encoder says of each text."""

from typing import Any

from pydantic import Field

from trainer.data.dataset import Dataset
from trainer.errors import TrainerError
from trainer.neural.backend import load_keras, training_dtype
from trainer.neural.encoder import (
    fitted_transformer,
    load_backbone,
    network,
    text_encoder,
)
from trainer.neural.head import fit_head, head_plan
from trainer.neural.weights import open_pretrained
from trainer.progress import Progress
from trainer.recipes.base import FittedModel, Logits, PretrainedSettings


class FeatureSettings(PretrainedSettings):
    """What a user may set for a head on a frozen encoder."""

    layers: int = Field(
        default=3,
        ge=1,
        description="last layers read: the very last of a sentence encoder knows topic, not mood",
    )
    hidden: int = Field(default=128, ge=1, le=8192, description="units of the head's hidden layer")
    learning_rate: float = Field(default=1e-3, gt=0, le=0.1, description="the highest")
    batch_size: int = Field(default=64, ge=1, le=4096, description="tweets in one step")
    dropout: float = Field(
        default=0.5, ge=0, lt=1, description="share of features dropped before either layer"
    )


class BertFeatures:
    """Frozen encoder, mean over tokens of its last layers, a dense head; the head is trained."""

    name = "bert-features"
    summary = "frozen BERT, DistilBERT or RoBERTa with a small trained head"
    settings = FeatureSettings

    def fit(
        self, dataset: Dataset, settings: FeatureSettings, progress: Progress, *, seed: int = 0
    ) -> FittedModel:
        """See `trainer.recipes.base.Recipe`."""
        pretrained = open_pretrained(settings.weights)
        if settings.layers > pretrained.architecture.layers:
            raise TrainerError(
                f"{self.name}, layers: {pretrained.name} has {pretrained.architecture.layers}, "
                f"not {settings.layers}"
            )
        load_keras().utils.set_random_seed(seed)
        backbone = load_backbone(pretrained, training_dtype())
        encoder = text_encoder(pretrained, settings.max_length)
        features = network(backbone, (), encoder.pad_id, layers=settings.layers)
        plan = head_plan(
            len(dataset.train),
            settings.epochs,
            batch_size=settings.batch_size,
            learning_rate=settings.learning_rate,
        )
        head, history = fit_head(
            features,
            encoder,
            dataset,
            lambda vectors: _head(vectors, len(dataset.labels), settings),
            plan,
            class_weights=settings.class_weights,
            task=self.name,
            progress=progress,
            seed=seed,
        )
        parameters = {
            **plan.parameters(),
            "layers": settings.layers,
            "hidden": settings.hidden,
            "dropout": settings.dropout,
            "class_weights": settings.class_weights,
        }
        return fitted_transformer(
            pretrained,
            encoder,
            backbone,
            head.layers,
            layers=settings.layers,
            parameters=parameters,
            history=history,
        )


def _head(vectors: Logits, label_count: int, settings: FeatureSettings) -> Any:
    """Features `[batch, width]`, standardised as in `vectors`, to logits `[batch, labels]`."""
    keras = load_keras()
    # (A `Normalization` layer keeps constants instead of weights, which the export would miss.)
    standardise = keras.layers.BatchNormalization(center=False, scale=False, trainable=False)
    head = keras.Sequential(
        [
            keras.Input((vectors.shape[1],)),
            standardise,
            keras.layers.Dropout(settings.dropout),
            keras.layers.Dense(settings.hidden, activation="relu"),
            keras.layers.Dropout(settings.dropout),
            keras.layers.Dense(label_count),
        ]
    )
    standardise.set_weights([vectors.mean(axis=0), vectors.var(axis=0)])
    return head


RECIPE = BertFeatures()

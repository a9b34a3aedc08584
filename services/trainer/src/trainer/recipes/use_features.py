"""A small head on the frozen Universal Sentence Encoder, which knows 16 languages."""

from typing import Any

from pydantic import Field

from contract.encoding import TokenEncoder
from trainer.data.dataset import Dataset
from trainer.export.keras_graph import export_keras
from trainer.neural.backend import load_keras
from trainer.neural.encoder import STEPS
from trainer.neural.head import fit_head, head_plan
from trainer.neural.prediction import KerasLogits
from trainer.neural.sentence_encoder import (
    PAD_ID,
    UNKNOWN_ID,
    WIDTH,
    sentence_encoder_files,
    sentence_encoder_layer,
    sentence_tokenizer,
    sentence_weights,
)
from trainer.progress import Progress
from trainer.recipes.base import ClassWeights, FittedModel, NeuralSettings

MAX_LENGTH = 128


class UseSettings(NeuralSettings):
    """What a user may set for the head."""

    hidden: int = Field(default=256, ge=1, le=8192, description="units of the hidden layer")
    dropout: float = Field(
        default=0.3, ge=0, lt=1, description="share of features dropped before either layer"
    )
    learning_rate: float = Field(default=2e-3, gt=0, le=0.1, description="the highest")
    batch_size: int = Field(default=64, ge=1, le=4096, description="tweets in one step")
    class_weights: ClassWeights = "none"


class UseFeatures:
    """Frozen sentence encoder, a dense head; the head is trained."""

    name = "use-features"
    summary = "frozen Universal Sentence Encoder with a small trained head"
    settings = UseSettings

    def fit(
        self, dataset: Dataset, settings: UseSettings, progress: Progress, *, seed: int = 0
    ) -> FittedModel:
        """See `trainer.recipes.base.Recipe`."""
        pieces, stored = sentence_encoder_files()
        keras = load_keras()
        keras.utils.set_random_seed(seed)
        tokenizer = sentence_tokenizer(pieces)
        tokenizer_json = tokenizer.to_str()
        encoder = TokenEncoder(
            tokenizer, STEPS, pad_id=PAD_ID, unknown_id=UNKNOWN_ID, max_length=MAX_LENGTH
        )
        token_ids = keras.Input((None,), dtype="int64", name="token_ids")
        features = keras.Model(
            token_ids, sentence_encoder_layer()(sentence_weights(stored))(token_ids)
        )
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
            lambda _: _head(len(dataset.labels), settings),
            plan,
            class_weights=settings.class_weights,
            task=self.name,
            progress=progress,
            seed=seed,
        )
        served = keras.Model(token_ids, head(features.output))
        return FittedModel(
            family="dense",
            steps=STEPS,
            encoder=encoder,
            tokenizer_json=tokenizer_json,
            features=None,
            unknown_id=UNKNOWN_ID,
            predict_logits=KerasLogits(served, encoder),
            to_onnx=lambda: export_keras(served),
            parameters=plan.parameters(),
            history=history,
        )


def _head(label_count: int, settings: UseSettings) -> Any:
    """Features `[batch, 512]` to logits `[batch, labels]`."""
    keras = load_keras()
    return keras.Sequential(
        [
            keras.Input((WIDTH,)),
            keras.layers.Dropout(settings.dropout),
            keras.layers.Dense(settings.hidden, activation="relu"),
            keras.layers.Dropout(settings.dropout),
            keras.layers.Dense(label_count),
        ]
    )


RECIPE = UseFeatures()

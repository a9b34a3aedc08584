"""A small head on the frozen Universal Sentence Encoder, which knows 16 languages."""

from typing import Any, Literal

from pydantic import Field

from contract.encoding import TokenEncoder
from trainer.data.dataset import Dataset, Split
from trainer.export.keras_graph import export_keras
from trainer.neural.backend import load_keras
from trainer.neural.batches import label_weights, vector_batches
from trainer.neural.encoder import STEPS
from trainer.neural.prediction import KerasLogits, as_function, outputs
from trainer.neural.sentence_encoder import (
    PAD_ID,
    UNKNOWN_ID,
    WIDTH,
    sentence_encoder_files,
    sentence_encoder_layer,
    sentence_tokenizer,
    sentence_weights,
)
from trainer.neural.training import Plan, train
from trainer.progress import Progress
from trainer.recipes.base import FittedModel, Logits, NeuralSettings

MAX_LENGTH = 128


class UseSettings(NeuralSettings):
    """What a user may set for the head."""

    hidden: int = Field(default=256, ge=1, le=8192, description="units of the hidden layer")
    dropout: float = Field(
        default=0.3, ge=0, lt=1, description="share of features dropped before either layer"
    )
    learning_rate: float = Field(default=2e-3, gt=0, le=0.1, description="the highest")
    batch_size: int = Field(default=64, ge=1, le=4096, description="tweets in one step")
    class_weights: Literal["none", "balanced"] = Field(
        default="none", description="whether rare labels count for as much as frequent ones"
    )


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
        training = _vectors(features, dataset.train, encoder, "read training texts", progress)
        validation = _vectors(features, dataset.validation, encoder, "read validation", progress)
        head = keras.Sequential(
            [
                keras.Input((WIDTH,)),
                keras.layers.Dropout(settings.dropout),
                keras.layers.Dense(settings.hidden, activation="relu"),
                keras.layers.Dropout(settings.dropout),
                keras.layers.Dense(len(dataset.labels)),
            ]
        )
        plan = Plan(
            epochs=15,
            batch_size=settings.batch_size,
            learning_rate=settings.learning_rate,
            patience=3,
            min_steps=600,
        ).for_rows(len(dataset.train), settings.epochs)
        labels = dataset.train.labels, dataset.validation.labels
        weights = label_weights(settings.class_weights, labels[0], len(dataset.labels))
        history = train(
            head,
            vector_batches(training, labels[0], weights[labels[0]], plan.batch_size, seed),
            vector_batches(validation, labels[1], weights[labels[1]], plan.batch_size),
            plan,
            task=self.name,
            progress=progress,
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


def _vectors(
    features: Any, split: Split, encoder: TokenEncoder, task: str, progress: Progress
) -> Logits:
    """What the encoder says of each text `[rows, 512]`."""
    progress.start(task, len(split))
    encoded = encoder.encode(split.texts)
    return outputs(as_function(features), encoded, encoder.pad_id, progress)


RECIPE = UseFeatures()

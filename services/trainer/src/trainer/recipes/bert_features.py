"""A small head on what a frozen pretrained encoder says of each text."""

from typing import Any

from contract.encoding import TokenEncoder
from trainer.data.dataset import Dataset, Split
from trainer.export.keras_graph import export_keras
from trainer.neural.backend import load_keras, training_dtype
from trainer.neural.batches import balanced_weights, vector_batches
from trainer.neural.encoder import STEPS, copied, load_backbone, pooled_states, text_encoder
from trainer.neural.prediction import KerasLogits, as_function, outputs
from trainer.neural.training import Plan, train
from trainer.neural.weights import open_pretrained
from trainer.progress import Progress
from trainer.recipes.base import FittedModel, Logits, PretrainedSettings

LAYERS = 3
"""Last layers read: the very last of a sentence encoder alone knows topic better than mood."""
HIDDEN = 128
DROPOUT = 0.5
PLAN = Plan(epochs=15, batch_size=64, learning_rate=1e-3, patience=3, min_steps=600)


class BertFeatures:
    """Frozen encoder, mean over tokens of its last layers, a dense head; the head is trained."""

    name = "bert-features"
    summary = "frozen BERT with a small trained head"
    settings = PretrainedSettings

    def fit(
        self, dataset: Dataset, settings: PretrainedSettings, progress: Progress, *, seed: int = 0
    ) -> FittedModel:
        """See `trainer.recipes.base.Recipe`."""
        keras = load_keras()
        pretrained = open_pretrained(settings.weights)
        keras.utils.set_random_seed(seed)
        dtype = training_dtype()
        backbone = load_backbone(pretrained, dtype)
        encoder = text_encoder(pretrained, backbone)
        features = _features(backbone, encoder.pad_id)
        training = _vectors(features, dataset.train, encoder, "read training texts", progress)
        validation = _vectors(features, dataset.validation, encoder, "read validation", progress)
        weights = balanced_weights(dataset.train.labels, len(dataset.labels))
        head = _head(training, len(dataset.labels))
        plan = PLAN.for_rows(len(dataset.train), settings.epochs)
        labels = dataset.train.labels, dataset.validation.labels
        history = train(
            head,
            vector_batches(training, labels[0], weights[labels[0]], plan.batch_size, seed),
            vector_batches(validation, labels[1], weights[labels[1]], plan.batch_size),
            plan,
            task=self.name,
            progress=progress,
        )
        # The graph and its reference compute in float32, whatever the features were made in.
        encoded = _features(copied(backbone, "float32"), encoder.pad_id)
        served = keras.Model(encoded.input, head(encoded.output))
        return FittedModel(
            family="transformer",
            steps=STEPS,
            encoder=encoder,
            tokenizer_json=pretrained.tokenizer_json,
            features=None,
            unknown_id=pretrained.unknown_id,
            predict_logits=KerasLogits(served, encoder),
            to_onnx=lambda: export_keras(served),
            parameters={
                **plan.parameters(),
                "weights": pretrained.name,
                "layers": LAYERS,
                "hidden": HIDDEN,
                "dropout": DROPOUT,
                "training_dtype": dtype,
            },
            history=history,
        )


def _features(backbone: Any, pad_id: int) -> Any:
    """Ids `[batch, length]` to features `[batch, layers x width]`."""
    keras = load_keras()
    token_ids = keras.Input((None,), dtype="int64", name="token_ids")
    return keras.Model(token_ids, pooled_states(backbone, token_ids, pad_id, layers=LAYERS))


def _vectors(
    features: Any, split: Split, encoder: TokenEncoder, task: str, progress: Progress
) -> Logits:
    progress.start(task, len(split))
    encoded = encoder.encode(split.texts)
    return outputs(as_function(features), encoded, encoder.pad_id, progress)


def _head(vectors: Logits, label_count: int) -> Any:
    """Features `[batch, width]`, standardised as in `vectors`, to logits `[batch, labels]`."""
    keras = load_keras()
    # (A `Normalization` layer keeps constants instead of weights, which the export would miss.)
    standardise = keras.layers.BatchNormalization(center=False, scale=False, trainable=False)
    head = keras.Sequential(
        [
            keras.Input((vectors.shape[1],)),
            standardise,
            keras.layers.Dropout(DROPOUT),
            keras.layers.Dense(HIDDEN, activation="relu"),
            keras.layers.Dropout(DROPOUT),
            keras.layers.Dense(label_count),
        ]
    )
    standardise.set_weights([vectors.mean(axis=0), vectors.var(axis=0)])
    return head


RECIPE = BertFeatures()

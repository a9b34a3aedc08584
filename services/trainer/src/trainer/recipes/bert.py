"""A pretrained BERT or DistilBERT, fine-tuned end to end."""

from typing import Any

from trainer.data.dataset import Dataset
from trainer.export.keras_graph import export_keras
from trainer.neural.backend import load_keras, training_dtype
from trainer.neural.batches import Examples, balanced_weights, evaluation_batches, training_batches
from trainer.neural.encoder import (
    STEPS,
    copied,
    load_backbone,
    pooled_states,
    text_encoder,
)
from trainer.neural.prediction import KerasLogits
from trainer.neural.training import Plan, train
from trainer.neural.weights import open_pretrained
from trainer.progress import Progress
from trainer.recipes.base import FittedModel, PretrainedSettings

DROPOUT = 0.1
PLAN = Plan(epochs=2, batch_size=32, learning_rate=1e-4, patience=1, min_steps=90)


class Bert:
    """Encoder, mean over tokens, dense; all of it trained."""

    name = "bert"
    summary = "pretrained BERT, fine-tuned end to end"
    settings = PretrainedSettings

    def fit(
        self, dataset: Dataset, settings: PretrainedSettings, progress: Progress, *, seed: int = 0
    ) -> FittedModel:
        """See `trainer.recipes.base.Recipe`."""
        pretrained = open_pretrained(settings.weights)
        load_keras().utils.set_random_seed(seed)
        dtype = training_dtype()
        backbone = load_backbone(pretrained, dtype)
        encoder = text_encoder(pretrained, backbone)
        weights = balanced_weights(dataset.train.labels, len(dataset.labels))
        model = classifier(backbone, encoder.pad_id, len(dataset.labels))
        plan = PLAN.for_rows(len(dataset.train), settings.epochs)
        history = train(
            model,
            training_batches(Examples.of(dataset.train, encoder, weights), plan.batch_size, seed),
            evaluation_batches(Examples.of(dataset.validation, encoder, weights)),
            plan,
            task=self.name,
            progress=progress,
        )
        # The graph and its reference compute in float32, whatever training did.
        served = classifier(copied(backbone, "float32"), encoder.pad_id, len(dataset.labels))
        served.set_weights(model.get_weights())
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
                "dropout": DROPOUT,
                "training_dtype": dtype,
            },
            history=history,
        )


def classifier(backbone: Any, pad_id: int, label_count: int) -> Any:
    """The network: ids `[batch, length]` to float32 logits `[batch, labels]`."""
    keras = load_keras()
    token_ids = keras.Input((None,), dtype="int64", name="token_ids")
    pooled = pooled_states(backbone, token_ids, pad_id)
    dropped = keras.layers.Dropout(DROPOUT, dtype="float32")(pooled)
    return keras.Model(token_ids, keras.layers.Dense(label_count, dtype="float32")(dropped))


RECIPE = Bert()

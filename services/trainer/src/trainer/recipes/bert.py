"""A pretrained BERT, DistilBERT or RoBERTa, fine-tuned end to end."""

from pydantic import Field

from trainer.data.dataset import Dataset
from trainer.neural.backend import load_keras, training_dtype
from trainer.neural.batches import Examples, evaluation_batches, label_weights, training_batches
from trainer.neural.encoder import (
    fitted_transformer,
    load_backbone,
    network,
    text_encoder,
)
from trainer.neural.training import Plan, train
from trainer.neural.weights import open_pretrained
from trainer.progress import Progress
from trainer.recipes.base import FittedModel, PretrainedSettings


class BertSettings(PretrainedSettings):
    """What a user may set for fine-tuning; the defaults are of all-MiniLM-L6-v2 on tweets."""

    learning_rate: float = Field(
        default=1e-4, gt=0, le=0.01, description="the highest; 2e-5 to 5e-5 for larger encoders"
    )
    batch_size: int = Field(default=32, ge=1, le=1024, description="tweets in one step")
    dropout: float = Field(
        default=0.1, ge=0, lt=1, description="share of features dropped before the last layer"
    )


class Bert:
    """Encoder, mean over tokens, dense; all of it trained."""

    name = "bert"
    summary = "pretrained BERT, DistilBERT or RoBERTa, fine-tuned end to end"
    settings = BertSettings

    def fit(
        self, dataset: Dataset, settings: BertSettings, progress: Progress, *, seed: int = 0
    ) -> FittedModel:
        """See `trainer.recipes.base.Recipe`."""
        pretrained = open_pretrained(settings.weights)
        keras = load_keras()
        keras.utils.set_random_seed(seed)
        backbone = load_backbone(pretrained, training_dtype())
        encoder = text_encoder(pretrained, settings.max_length)
        count = len(dataset.labels)
        weights = label_weights(settings.class_weights, dataset.train.labels, count)
        head = [
            keras.layers.Dropout(settings.dropout, dtype="float32"),
            keras.layers.Dense(count, dtype="float32"),
        ]
        plan = Plan(
            epochs=2,
            batch_size=settings.batch_size,
            learning_rate=settings.learning_rate,
            patience=1,
            min_steps=90,
        ).for_rows(len(dataset.train), settings.epochs)
        history = train(
            network(backbone, head, encoder.pad_id),
            training_batches(Examples.of(dataset.train, encoder, weights), plan.batch_size, seed),
            evaluation_batches(Examples.of(dataset.validation, encoder, weights)),
            plan,
            task=self.name,
            progress=progress,
        )
        parameters = {
            **plan.parameters(),
            "dropout": settings.dropout,
            "class_weights": settings.class_weights,
        }
        return fitted_transformer(
            pretrained, encoder, backbone, head, layers=1, parameters=parameters, history=history
        )


RECIPE = Bert()

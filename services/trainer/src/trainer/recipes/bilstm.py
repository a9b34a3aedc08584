"""A bidirectional LSTM over word embeddings learned from the training texts."""

from typing import Any

from contract.encoding import TokenEncoder
from contract.text.pipeline import StepSpec, TextSteps
from trainer.data.dataset import Dataset
from trainer.export.recurrent_graph import export_recurrent
from trainer.neural.backend import load_keras
from trainer.neural.batches import Examples, balanced_weights, evaluation_batches, training_batches
from trainer.neural.prediction import KerasLogits
from trainer.neural.training import Plan, train
from trainer.neural.word_level import PAD_ID, UNKNOWN_ID, build_word_level
from trainer.progress import Progress
from trainer.recipes.base import FittedModel, NeuralSettings

STEPS = tuple(
    StepSpec(name=name)
    for name in ("nfkc", "html-entities", "urls", "mentions", "elongations", "emoji", "lowercase")
)
MIN_COUNT = 2
MAX_WORDS = 20_000
MAX_LENGTH = 128
EMBEDDING = 64
UNITS = 64
DROPOUT = 0.5
PLAN = Plan(epochs=10, batch_size=32, learning_rate=1e-3, min_steps=400)


class Bilstm:
    """Embedding, masked bidirectional LSTM, dense."""

    name = "bilstm"
    summary = "bidirectional LSTM over word embeddings"
    settings = NeuralSettings

    def fit(
        self, dataset: Dataset, settings: NeuralSettings, progress: Progress, *, seed: int = 0
    ) -> FittedModel:
        """See `trainer.recipes.base.Recipe`."""
        keras = load_keras()
        keras.utils.set_random_seed(seed)
        steps = TextSteps(STEPS)
        tokenizer = build_word_level(
            dataset.train.texts, steps, min_count=MIN_COUNT, max_size=MAX_WORDS
        )
        tokenizer_json, words = tokenizer.to_str(), tokenizer.get_vocab_size()
        encoder = TokenEncoder(
            tokenizer, steps, pad_id=PAD_ID, unknown_id=UNKNOWN_ID, max_length=MAX_LENGTH
        )
        weights = balanced_weights(dataset.train.labels, len(dataset.labels))
        model = build(words, len(dataset.labels))
        plan = PLAN.for_rows(len(dataset.train), settings.epochs)
        history = train(
            model,
            training_batches(Examples.of(dataset.train, encoder, weights), plan.batch_size, seed),
            evaluation_batches(Examples.of(dataset.validation, encoder, weights)),
            plan,
            task=self.name,
            progress=progress,
        )
        return FittedModel(
            family="recurrent",
            steps=steps,
            encoder=encoder,
            tokenizer_json=tokenizer_json,
            features=None,
            unknown_id=UNKNOWN_ID,
            predict_logits=KerasLogits(model, encoder),
            to_onnx=lambda: export_recurrent(model, PAD_ID),
            parameters={
                **plan.parameters(),
                "words": words,
                "embedding": EMBEDDING,
                "units": UNITS,
                "dropout": DROPOUT,
            },
            history=history,
        )


def build(words: int, label_count: int) -> Any:
    """The untrained network: ids `[batch, length]` to logits `[batch, labels]`."""
    keras = load_keras()
    return keras.Sequential(
        [
            keras.Input((None,), dtype="int64"),
            keras.layers.Embedding(words, EMBEDDING, mask_zero=True),
            keras.layers.SpatialDropout1D(DROPOUT),
            keras.layers.Bidirectional(keras.layers.LSTM(UNITS)),
            keras.layers.Dropout(DROPOUT),
            keras.layers.Dense(label_count),
        ]
    )


RECIPE = Bilstm()

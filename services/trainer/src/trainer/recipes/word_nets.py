"""What the word-level Keras recipes share: settings, words and their vectors, training, result."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import Field, model_validator

from contract.encoding import TokenEncoder
from contract.features import TWEET_WORDS
from contract.text.pipeline import TextSteps
from trainer.data.dataset import Dataset
from trainer.errors import DataError, TrainerError
from trainer.export.recurrent_graph import export_recurrent
from trainer.neural.backend import load_keras
from trainer.neural.batches import Examples, evaluation_batches, label_weights, training_batches
from trainer.neural.prediction import KerasLogits
from trainer.neural.training import Plan, train
from trainer.neural.vector_sources import TRAINED, file_vectors, glove_vectors, trained_vectors
from trainer.neural.vectors import Vocabulary, spellings
from trainer.neural.word_level import PAD_ID, UNKNOWN_ID, frequent_words, word_level_tokenizer
from trainer.progress import Progress
from trainer.recipes.base import ClassWeights, Family, FittedModel, NeuralSettings
from trainer.recipes.words import WordSettings, word_steps

MIN_COUNT = 2
MAX_WORDS = 20_000
MAX_LENGTH = 128
MIN_STEPS = 400
WIDTH = 64
FREQUENT = 20_000
"""Words of pretrained vectors that a net knows even if the training texts lack them."""


class WordNetSettings(NeuralSettings, WordSettings):
    """What a user may set for any Keras recipe that reads words."""

    vectors: str = Field(
        default="glove",
        description="where word vectors come from: learned, word2vec and fasttext (trained on the "
        "training texts), glove (GloVe 6B 50d), or the path of a GloVe or word2vec text file",
    )
    trainable: bool = Field(default=True, description="whether the vectors go on learning")
    embedding: int | None = Field(
        default=None,
        ge=2,
        le=1024,
        description=f"numbers in a vector; empty: {WIDTH}, or what pretrained ones have",
    )
    embedding_dropout: float = Field(
        default=0.5, ge=0, lt=1, description="share of the vectors' features dropped in training"
    )
    dropout: float = Field(
        default=0.5, ge=0, lt=1, description="share of features dropped before the last layer"
    )
    learning_rate: float = Field(default=6e-3, gt=0, le=0.1, description="the highest")
    batch_size: int = Field(default=64, ge=1, le=4096, description="tweets in one step")
    class_weights: ClassWeights = "none"

    @model_validator(mode="after")
    def _something_to_freeze(self) -> "WordNetSettings":
        if self.vectors == "learned" and not self.trainable:
            raise ValueError("trainable=false needs vectors from elsewhere, such as vectors=glove")
        return self


N = TypeVar("N", bound=WordNetSettings)


@dataclass(frozen=True)
class WordNet(Generic[N]):
    """A recipe: embedding, a body of its own, dropout, a dense layer.

    Attributes:
        name: what users call it.
        summary: one line on what it is.
        family: kind of model.
        settings: the class of its settings.
        body: the untrained Keras layers from vectors `[batch, length, width]`, padding masked, to
            one vector per text; `export_recurrent` must know how to write them.
        epochs: the most passes over the data where the settings do not say.
    """

    name: str
    summary: str
    family: Family
    settings: type[N]
    body: Callable[[N], Sequence[Any]]
    epochs: int

    def fit(
        self, dataset: Dataset, settings: N, progress: Progress, *, seed: int = 0
    ) -> FittedModel:
        """See `trainer.recipes.base.Recipe`."""
        keras = load_keras()
        keras.utils.set_random_seed(seed)
        steps = word_steps(settings, dataset.languages)
        vocabulary = _vocabulary(steps, dataset.train.texts, settings, seed, progress)
        tokenizer = word_level_tokenizer(vocabulary.words)
        tokenizer_json = tokenizer.to_str()
        encoder = TokenEncoder(
            tokenizer, steps, pad_id=PAD_ID, unknown_id=UNKNOWN_ID, max_length=MAX_LENGTH
        )
        count = len(dataset.labels)
        weights = label_weights(settings.class_weights, dataset.train.labels, count)
        model = keras.Sequential(
            [
                keras.Input((None,), dtype="int64"),
                _embedding(vocabulary, settings),
                keras.layers.SpatialDropout1D(settings.embedding_dropout),
                *self.body(settings),
                keras.layers.Dropout(settings.dropout),
                keras.layers.Dense(count),
            ]
        )
        plan = Plan(
            epochs=self.epochs,
            batch_size=settings.batch_size,
            learning_rate=settings.learning_rate,
            min_steps=MIN_STEPS,
        ).for_rows(len(dataset.train), settings.epochs)
        history = train(
            model,
            training_batches(Examples.of(dataset.train, encoder, weights), plan.batch_size, seed),
            evaluation_batches(Examples.of(dataset.validation, encoder, weights)),
            plan,
            task=self.name,
            progress=progress,
        )
        return FittedModel(
            family=self.family,
            steps=steps,
            encoder=encoder,
            tokenizer_json=tokenizer_json,
            features=None,
            unknown_id=UNKNOWN_ID,
            predict_logits=KerasLogits(model, encoder),
            to_onnx=lambda: export_recurrent(model, PAD_ID),
            parameters={**plan.parameters(), **vocabulary.parameters()},
            history=history,
        )


def _vocabulary(
    steps: TextSteps, texts: Sequence[str], settings: WordNetSettings, seed: int, progress: Progress
) -> Vocabulary:
    prepared = [steps.apply(text) for text in texts]
    sentences = [TWEET_WORDS.findall(text) for text in prepared]
    words = frequent_words(prepared, min_count=MIN_COUNT, max_size=MAX_WORDS)
    if not words:
        raise DataError("no word occurs in two training texts: there is nothing to learn from")
    if settings.vectors == "learned":
        return Vocabulary(words, settings.embedding or WIDTH)
    if settings.vectors in TRAINED:
        table = trained_vectors(
            settings.vectors,
            sentences,
            width=settings.embedding or WIDTH,
            min_count=MIN_COUNT,
            seed=seed,
            progress=progress,
        )
        return Vocabulary.of(words, table, sentences, seed)
    if settings.vectors == "glove":
        table = glove_vectors()
    else:
        wanted = {part for word in words for spelling in spellings(word) for part in spelling}
        table = file_vectors(settings.vectors, wanted, FREQUENT, progress)
    if settings.embedding not in (None, table.width):
        raise TrainerError(
            f"embedding={settings.embedding}: the vectors {table.name} have {table.width} numbers; "
            "leave the setting out"
        )
    known = tuple(dict.fromkeys((*words, *table.frequent(FREQUENT))))
    return Vocabulary.of(known, table, sentences, seed)


def _embedding(vocabulary: Vocabulary, settings: WordNetSettings) -> Any:
    keras = load_keras()
    embedding = keras.layers.Embedding(
        2 + len(vocabulary.words), vocabulary.width, mask_zero=True, trainable=settings.trainable
    )
    if vocabulary.rows is not None:
        embedding.build()
        embedding.set_weights([vocabulary.rows])
    return embedding

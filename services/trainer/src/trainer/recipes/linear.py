"""What the linear recipes share: TF-IDF vectors of the contract's features, and a small search."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, Self

import numpy as np
import numpy.typing as npt
import onnx
import scipy.sparse as sp
from sklearn.feature_extraction.text import TfidfTransformer

from contract.encoding import Encoded
from contract.features import Analyser, FeatureEncoder, FeatureSpec, build_vocabulary
from contract.text.pipeline import StepSpec, TextSteps
from trainer.data.dataset import Dataset, Labels
from trainer.errors import DataError
from trainer.export.bag_graph import bag_graph
from trainer.export.calibration import Calibration, fit_temperature
from trainer.progress import NoProgress, Progress
from trainer.recipes.base import FittedModel, Logits

Floats = npt.NDArray[np.floating[Any]]

STEPS = ("nfkc", "html-entities", "urls", "mentions", "elongations", "emoji", "lowercase")
NGRAMS = (1, 2)
MIN_COUNT = 2  # on 16,000 tweets: a quarter of the vocabulary that 1 gives, and no accuracy lost
MAX_VOCABULARY = 200_000
MAX_TERMS = 512  # distinct terms of one text: eight times those of the longest tweet measured
ROWS_AT_ONCE = 1_000


class Affine(NamedTuple):
    """A linear model as arrays: logits are `x @ weights + bias`, up to a constant for each text."""

    weights: Floats  # [ids, labels]
    bias: Floats  # [labels]


class Estimator(Protocol):
    """The part of a fitted scikit-learn classifier that is used here."""

    def predict_log_proba(self, vectors: sp.csr_matrix) -> Floats:
        """Log-probabilities `[rows, labels]`, which are logits as good as any."""
        ...


@dataclass(frozen=True)
class Vectoriser:
    """Texts to sparse TF-IDF vectors of unit length, exactly as `bag_graph` computes them."""

    steps: TextSteps
    encoder: FeatureEncoder
    tfidf: TfidfTransformer

    @classmethod
    def learn(cls, texts: Sequence[str], progress: Progress) -> tuple[Self, sp.csr_matrix]:
        """Learn vocabulary and document frequencies; also returns the vectors of `texts`.

        Raises:
            DataError: no term occurs in two texts.
        """
        steps = TextSteps([StepSpec(name=name) for name in STEPS])
        analysers = (Analyser(unit="words", orders=NGRAMS),)
        progress.start("read words", 2 * len(texts))
        vocabulary = build_vocabulary(
            (steps.apply(text) for rows in _chunks(texts, progress) for text in rows),
            analysers,
            min_count=MIN_COUNT,
            max_size=MAX_VOCABULARY,
        )
        if not vocabulary:
            raise DataError("no word occurs in two training texts: there is nothing to learn from")
        spec = FeatureSpec(analysers=analysers, vocabulary=vocabulary)
        encoder = FeatureEncoder(spec, steps, max_length=MAX_TERMS)
        counts = _counts(encoder, texts, progress)
        tfidf = TfidfTransformer(sublinear_tf=True).fit(counts)
        return cls(steps, encoder, tfidf), tfidf.transform(counts)

    def __call__(self, texts: Sequence[str]) -> sp.csr_matrix:
        """Vectors `[texts, ids]`; a text without known terms is all zeros."""
        return self.tfidf.transform(_counts(self.encoder, texts, NoProgress()))


def fit_linear(
    dataset: Dataset,
    progress: Progress,
    *,
    recipe: str,
    parameter: str,
    grid: Sequence[float],
    train: Callable[[float, sp.csr_matrix, Labels], Estimator],
    affine: Callable[[Any], Affine],
) -> FittedModel:
    """Train one estimator for each value of a hyperparameter and keep the best.

    The best has the lowest validation loss after temperature scaling: that is the loss that
    ships, and unlike accuracy it tells candidates apart on a small validation split.

    Args:
        dataset: trained on its train split; the validation split chooses.
        progress: told of texts read and candidates trained.
        recipe: the recipe's name, for messages.
        parameter: the hyperparameter's name.
        grid: its values.
        train: from a value, vectors `[rows, ids]` and labels `[rows]` to a fitted estimator.
        affine: an estimator's weights and bias.

    Raises:
        TrainerError: the data do not suit.
    """
    rows_of = np.bincount(dataset.train.labels, minlength=len(dataset.labels))
    if absent := [name for name, rows in zip(dataset.labels, rows_of, strict=True) if not rows]:
        raise DataError(f"no training row is labelled {', '.join(absent)}: give more rows")
    vectoriser, train_vectors = Vectoriser.learn(dataset.train.texts, progress)
    validation_vectors = vectoriser(dataset.validation.texts)

    best: tuple[Calibration, float, Estimator] | None = None
    progress.start(f"{recipe}, {parameter}", len(grid))
    for value in grid:
        estimator = train(value, train_vectors, dataset.train.labels)
        logits = estimator.predict_log_proba(validation_vectors)
        calibration = fit_temperature(logits, dataset.validation.labels)
        if best is None or calibration.loss < best[0].loss:
            best = (calibration, value, estimator)
        progress.advance(note=f"{parameter} {value:g}: validation loss {calibration.loss:.4f}")
    if best is None:
        raise ValueError(f"the grid of {parameter} is empty")
    _, chosen, model = best

    def predict_logits(texts: Sequence[str]) -> Logits:
        return model.predict_log_proba(vectoriser(texts))

    def to_onnx() -> onnx.ModelProto:
        weights, bias = affine(model)
        # A constant for each term and each bias changes no probability; without it the logits are
        # small enough for float32 to add up alike in any order.
        return bag_graph(
            vectoriser.tfidf.idf_,
            weights - weights.mean(axis=1, keepdims=True),
            bias - bias.mean(),
        )

    spec = vectoriser.encoder.spec
    return FittedModel(
        family="linear",
        steps=vectoriser.steps,
        encoder=vectoriser.encoder,
        tokenizer_json=None,
        features=spec,
        unknown_id=None,
        predict_logits=predict_logits,
        to_onnx=to_onnx,
        parameters={
            parameter: chosen,
            "ngrams": "-".join(map(str, NGRAMS)),
            "min_count": MIN_COUNT,
            "vocabulary": spec.size - 1,
        },
    )


def _chunks(texts: Sequence[str], progress: Progress) -> Iterator[Sequence[str]]:
    for start in range(0, len(texts), ROWS_AT_ONCE):
        rows = texts[start : start + ROWS_AT_ONCE]
        yield rows
        progress.advance(len(rows))


def _counts(encoder: FeatureEncoder, texts: Sequence[str], progress: Progress) -> sp.csr_matrix:
    """Term counts `[texts, ids]`."""
    size = encoder.spec.size
    return sp.vstack(
        [_sparse(encoder.encode(rows), size) for rows in _chunks(texts, progress)], format="csr"
    )


def _sparse(encoded: Sequence[Encoded], size: int) -> sp.csr_matrix:
    lengths = [item.ids.size for item in encoded]
    counts = np.concatenate([item.weights for item in encoded]).astype(np.float64)
    ids = np.concatenate([item.ids for item in encoded])
    matrix = sp.csr_matrix((counts, ids, np.cumsum([0, *lengths])), shape=(len(encoded), size))
    matrix.eliminate_zeros()  # the pad id that stands for a text without known terms
    return matrix

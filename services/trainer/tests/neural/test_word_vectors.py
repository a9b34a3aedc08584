"""Word vectors: how words find theirs, what they are trained from, and what covers how much."""

import numpy as np
import pytest

from trainer.errors import TrainerError
from trainer.neural import vector_sources
from trainer.neural.vector_sources import glove_vectors, trained_vectors
from trainer.neural.vectors import VectorTable, Vocabulary, spellings
from trainer.progress import NoProgress

NAMES = "delay do n't not crying face <user> so good :)".split()
TABLE = VectorTable(
    "table",
    {word: row for row, word in enumerate(NAMES)},
    np.random.default_rng(0).normal(0, 0.5, (len(NAMES), 4)).astype(np.float32),
)
SENTENCES = [
    ["the", "crew", "was", mood, "and", "kind" if mood == "great" else "rude"]
    for mood in ("great", "awful")
    for _ in range(60)
]


@pytest.mark.parametrize(
    ("word", "parts"),
    [
        ("good", ["good"]),
        ("#delay", ["delay"]),
        ("don't", ["do", "n't"]),
        ("don’t", ["do", "n't"]),
        ("soo", ["so"]),
        ("@user", ["<user>"]),
        (":)", [":)"]),
        ("emoji_crying_face", ["crying", "face"]),
    ],
)
def test_a_tweets_word_finds_its_vector(word, parts):
    expected = np.mean([TABLE.rows[TABLE.index[part]] for part in parts], axis=0)
    np.testing.assert_allclose(TABLE.of(word), expected, rtol=1e-6)


@pytest.mark.parametrize("word", ["late", "#", "n't've", "emoji_crying_cat", "emoji_", "'", "!!"])
def test_a_word_without_a_vector_has_none(word):
    assert TABLE.of(word) is None


def test_a_word_is_first_looked_up_as_it_is():
    assert next(spellings("#n't")) == ("#n't",)


def test_rows_are_the_vectors_and_as_spread_elsewhere():
    words = ("good", *(f"unheard{index}" for index in range(500)))
    vocabulary = Vocabulary.of(words, TABLE, [["good"]], seed=0)
    assert vocabulary.rows.shape == (2 + 501, 4)
    np.testing.assert_array_equal(vocabulary.rows[0], 0)
    np.testing.assert_array_equal(vocabulary.rows[2], TABLE.rows[TABLE.index["good"]])
    spread = TABLE.rows[TABLE.index["good"]].std()
    assert vocabulary.rows[3:].std() == pytest.approx(spread, rel=0.1)
    assert np.abs(vocabulary.rows[1]).max() > 0


def test_coverage_counts_words_once_and_tokens_as_often_as_they_stand():
    sentences = [["good", "good", "late"], ["good", "so", "once"]]
    vocabulary = Vocabulary.of(("good", "late", "delay"), TABLE, sentences, seed=0)
    # Of good, late, so and once, the net knows a vector of good only; delay is in no text.
    assert vocabulary.word_coverage == 1 / 4
    assert vocabulary.token_coverage == 3 / 6
    assert vocabulary.parameters() == {
        "words": 3,
        "vectors": "table",
        "embedding": 4,
        "word_coverage": 0.25,
        "token_coverage": 0.5,
    }


def test_vectors_learned_by_the_net_have_no_coverage():
    assert Vocabulary(("late",), 8).parameters() == {
        "words": 1,
        "vectors": "learned",
        "embedding": 8,
    }


@pytest.mark.parametrize("kind", ["word2vec", "fasttext"])
def test_vectors_are_trained_on_the_texts_alike_every_time(kind):
    first, again, other = (
        trained_vectors(kind, SENTENCES, width=8, min_count=2, seed=seed, progress=NoProgress())
        for seed in (1, 1, 2)
    )
    assert set(first.index) == {"the", "crew", "was", "and", "great", "awful", "kind", "rude"}
    assert first.rows.shape == (8, 8)
    np.testing.assert_array_equal(first.rows, again.rows)
    assert np.abs(first.rows - other.rows).max() > 1e-3


def test_glove_knows_likeness():
    glove = glove_vectors()
    assert glove.rows.shape == (400_000, 50)
    assert next(iter(glove.index)) == "the"

    def cosine(*words):
        one, two = (glove.of(word) for word in words)
        return one @ two / np.linalg.norm(one) / np.linalg.norm(two)

    assert cosine("flight", "plane") > 0.7 > 0.4 > cosine("flight", "marmalade")
    assert "airline" in set(glove.frequent(20_000))
    assert not any(" " in word for word in glove.frequent(20_000))


def test_glove_of_other_content_is_refused(monkeypatch):
    monkeypatch.setitem(vector_sources.GLOVE_FILES, "glove_6B_index.parquet", "0" * 64)
    with pytest.raises(TrainerError, match=r"glove_6B_index.parquet is not the expected file"):
        glove_vectors()


def test_glove_that_is_not_installed_is_named(monkeypatch):
    monkeypatch.setattr(vector_sources, "GLOVE", "no-such-package")
    with pytest.raises(TrainerError, match="no-such-package is not installed"):
        glove_vectors()

"""Many texts on many threads: the same answers as one by one, and errors that get out."""

import numpy as np
import pytest

from contract.errors import TextRefusedError
from contract.parallel import TEXTS_PER_ENCODING, ParallelScorer

WORDS = ("lovely", "again", "never", "lost", "refund", "happy", "bad", "not", "the", "a", "unheard")


def texts(count):
    random = np.random.default_rng(1)
    return [" ".join(random.choice(WORDS, random.integers(0, 24))) for _ in range(count)]


@pytest.mark.parametrize("threads", [1, 3])
def test_scores_are_those_of_each_text_alone(opened, threads):
    given = texts(2 * TEXTS_PER_ENCODING + 5)
    with ParallelScorer(opened, threads) as scorer:
        scores = scorer.score(given)
    alone = [opened.predict([text])[0] for text in given]
    expected = [list(item.probabilities.values()) for item in alone]
    np.testing.assert_allclose(scores.probabilities, expected, atol=1e-6)
    assert scores.truncated.tolist() == [item.truncated for item in alone]
    assert 0 < scores.truncated.sum() < len(given)


def test_the_number_of_threads_changes_no_bit(opened):
    given = texts(700)
    with ParallelScorer(opened, 1) as one, ParallelScorer(opened, 4) as four:
        np.testing.assert_array_equal(
            one.score(given).probabilities, four.score(given).probabilities
        )


def test_no_texts_have_no_scores(opened):
    with ParallelScorer(opened, 2) as scorer:
        assert scorer.score([]).probabilities.shape == (0, 2)


def test_a_text_that_is_refused_is_said(opened):
    with ParallelScorer(opened, 2) as scorer, pytest.raises(TextRefusedError):
        scorer.score([*texts(300), "\ud800"])

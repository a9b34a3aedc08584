"""Bags of terms: what training counts is what serving counts; folds share no user."""

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.preprocessing import normalize

from contract.features import build_vocabulary
from contract.text.pipeline import TextSteps
from trainer.data.dataset import Split
from trainer.errors import DataError
from trainer.progress import NoProgress
from trainer.recipes.bags import (
    CHARACTERS,
    WORDS,
    Bags,
    BagSettings,
    inverse_document_frequency,
    tf_idf,
)
from trainer.recipes.folds import folds

TEXTS = ["late late crew", "on time, late!", "", "crew on time", "été"] * 2
LABELS = ("negative", "positive")


def learn(**settings):
    return Bags.learn(TEXTS, TextSteps(), BagSettings(**settings), NoProgress())


@pytest.mark.parametrize(
    "settings",
    [
        {"features": "words"},
        {},
        {"min_count": 4},
        {"hash_size": 64},
        {"features": "words", "hash_size": 7},
    ],
)
def test_the_counts_learned_from_are_those_of_serving(settings):
    bags, counts = learn(**settings)
    again = bags.counts(TEXTS)
    assert counts.shape == again.shape == (len(TEXTS), bags.encoder.spec.size)
    np.testing.assert_array_equal(counts.toarray(), again.toarray())
    assert not counts[:, [0]].nnz  # padding


@pytest.mark.parametrize("least", [2, 4])
def test_the_vocabulary_is_the_contracts(least):
    bags, _ = learn(min_count=least)
    expected = build_vocabulary(TEXTS, [WORDS, CHARACTERS], min_count=least, max_size=10**6)
    assert bags.encoder.spec.vocabulary == expected


def test_vectors_are_scikit_learns_with_a_norm_for_each_group():
    bags, counts = learn()
    idf = inverse_document_frequency(counts)
    vectors = tf_idf(counts, idf, bags.groups).toarray()
    plain = TfidfTransformer(sublinear_tf=True, norm=None).fit_transform(counts)
    for group in (0, 1):
        expected = normalize(plain[:, np.flatnonzero(bags.groups == group)]).toarray()
        np.testing.assert_allclose(vectors[:, bags.groups == group], expected, atol=1e-6)


def test_a_hash_needs_no_term_twice():
    bags, counts = Bags.learn(
        ["alpha", "beta"], TextSteps(), BagSettings(hash_size=1_000), NoProgress()
    )
    assert counts.sum() == pytest.approx(bags.counts(["alpha", "beta"]).sum())
    assert counts.sum() > 2


def rows(owners):
    labels = np.arange(len(owners)) % 2
    texts = [f"text {place}" for place in range(len(owners))]
    return Split(texts, labels, owners=None if owners is None else np.array(owners, np.uint64))


def test_folds_share_no_user_and_hold_every_row_once():
    split = rows([place // 3 for place in range(120)])
    held = []
    for train, held_out in folds(split, 4, LABELS, seed=1):
        assert not set(split.owners[train]) & set(split.owners[held_out])
        assert set(split.labels[held_out]) == {0, 1}
        held += held_out.tolist()
    assert sorted(held) == list(range(120))


def test_copies_of_a_text_stay_together_where_no_user_is_known():
    split = Split([f"text {place % 20}" for place in range(60)], np.arange(60) % 2)
    for train, held_out in folds(split, 3, LABELS, seed=1):
        texts = [{split.texts[place] for place in places} for places in (train, held_out)]
        assert not texts[0] & texts[1]


def test_another_seed_cuts_other_folds():
    split = rows(range(60))
    first, again, other = (
        [held_out.tolist() for _, held_out in folds(split, 3, LABELS, seed)] for seed in (1, 1, 2)
    )
    assert first == again != other


def test_too_few_users_for_the_folds_are_refused():
    split = rows([0, 1, 0, 1, 0, 3, 0, 5, 0, 7])  # all negative rows are one user's
    with pytest.raises(
        DataError, match=r"folds=3: .* 'negative' are of 1 users or texts"
    ) as caught:
        list(folds(split, 3, LABELS, seed=0))
    assert "\n" not in str(caught.value)

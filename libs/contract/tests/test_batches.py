import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.encoding import Encoded, length_sorted_batches, pad


def encoded(*ids: int, weighted: bool = False) -> Encoded:
    weights = np.full(len(ids), 2, np.float32) if weighted else None
    return Encoded(np.array(ids, np.int64), weights, truncated=False)


def test_padding_is_on_the_right_up_to_the_longest():
    feeds = pad([encoded(5, 6, 7), encoded(8)], pad_id=3)
    assert set(feeds) == {"token_ids"}
    assert feeds["token_ids"].dtype == np.int64
    assert feeds["token_ids"].tolist() == [[5, 6, 7], [8, 3, 3]]


def test_padding_weighs_nothing():
    feeds = pad([encoded(5, weighted=True), encoded(8, 9, weighted=True)], pad_id=0)
    assert feeds["token_ids"].tolist() == [[5, 0], [8, 9]]
    assert feeds["token_weights"].dtype == np.float32
    assert feeds["token_weights"].tolist() == [[2, 0], [2, 2]]


@given(st.lists(st.integers(1, 60), max_size=40), st.integers(1, 200))
@settings(deadline=None)
def test_batches_hold_every_text_once_within_the_budget(lengths, budget):
    groups = list(length_sorted_batches(lengths, budget))
    assert sorted(index for group in groups for index in group) == list(range(len(lengths)))
    for group in groups:
        longest = max(lengths[index] for index in group)
        assert len(group) == 1 or len(group) * longest <= budget
    flat = [lengths[index] for group in groups for index in group]
    assert flat == sorted(flat, reverse=True)
    for group in groups[:-1]:  # none could have taken one text more
        assert (len(group) + 1) * lengths[group[0]] > budget

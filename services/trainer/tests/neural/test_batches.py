import numpy as np
import pytest

from trainer.neural.backend import training_dtype
from trainer.neural.batches import balanced_weights, shuffled_batches

LENGTHS = np.random.default_rng(0).integers(3, 60, 1_000).tolist()


def test_one_epoch_holds_every_text_once():
    batches = shuffled_batches(LENGTHS, 32, np.random.default_rng(1))
    assert sorted(index for batch in batches for index in batch) == list(range(1_000))
    assert {len(batch) for batch in batches} == {32, 8}


def test_texts_of_a_batch_are_of_like_length():
    batches = shuffled_batches(LENGTHS, 32, np.random.default_rng(1))
    padded = sum(len(batch) * max(LENGTHS[index] for index in batch) for batch in batches)
    assert padded < 1.1 * sum(LENGTHS)


def test_lengths_follow_no_pattern_and_epochs_differ():
    random = np.random.default_rng(1)
    first, second = (shuffled_batches(LENGTHS, 32, random) for _ in range(2))
    assert first != second
    longest = [max(LENGTHS[index] for index in batch) for batch in first]
    assert longest != sorted(longest)
    assert longest != sorted(longest, reverse=True)


def test_balanced_weights_let_every_label_count_alike():
    labels = np.array([0] * 6 + [1] * 3 + [2])
    weights = balanced_weights(labels, 3)
    assert weights[labels].sum() == pytest.approx(10)
    assert [weights[label] * (labels == label).sum() for label in range(3)] == pytest.approx(
        [10 / 3] * 3
    )


def test_balanced_labels_have_weight_one():
    assert balanced_weights(np.array([0, 1, 1, 0]), 2).tolist() == [1, 1]


@pytest.mark.parametrize(
    ("flags", "dtype"),
    [
        ("fpu avx2 avx512f", "float32"),
        ("fpu avx512f avx512_bf16", "mixed_bfloat16"),
        ("fpu amx_bf16 amx_tile", "mixed_bfloat16"),
        (None, "float32"),
    ],
)
def test_bfloat16_only_where_the_processor_has_it(tmp_path, flags, dtype):
    cpuinfo = tmp_path / "cpuinfo"
    if flags is not None:
        cpuinfo.write_text(f"processor\t: 0\nflags\t\t: {flags}\nbugs\t\t:\n")
    assert training_dtype(cpuinfo) == dtype

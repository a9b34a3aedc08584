"""Measured runs whose figures are known, without training anything."""

import numpy as np
import pytest


@pytest.fixture
def held_out():
    """120 validation and 400 test rows of two labels."""
    from trainer.comparison.runs import HeldOut

    generator = np.random.default_rng(0)
    validation, test = generator.integers(0, 2, 120), generator.integers(0, 2, 400)
    return HeldOut(
        ("negative", "positive"),
        validation,
        np.arange(1_000, 1_120),
        test,
        np.arange(5_000, 5_400),
    )


@pytest.fixture
def measured(held_out):
    """A function that gives a run which is wrong on so many rows of each split, from a place on."""
    from trainer.comparison.runs import MeasuredRun

    def probabilities(truth, wrong, start):
        place = (np.arange(len(truth)) - start) % len(truth)
        confidence = 0.6 + 0.3 * place / len(truth)
        predicted = np.where(place < wrong, 1 - truth, truth)
        scores = np.where(np.arange(2) == predicted[:, None], confidence[:, None], 0)
        return np.where(scores == 0, 1 - confidence[:, None], scores)

    def make(recipe, seed=0, *, validation_wrong=10, test_wrong=40, start=0, **figures):
        takes = {"fit_seconds": 2.0, "tweets_per_second": 1_000.0, "megabytes": 1.0, **figures}
        return MeasuredRun(
            recipe=recipe,
            seed=seed,
            run_id=f"{recipe}-{seed}",
            commit="0123abc",
            validation=probabilities(held_out.validation_truth, validation_wrong, start),
            test=probabilities(held_out.test_truth, test_wrong, start),
            **takes,
        )

    return make

"""Contenders with made-up answers to the test rows, and a real bundle."""

import numpy as np
import pytest

from trainer.progress import NoProgress
from trainer.recipes.spec import RecipeSpec

LABELS = ("negative", "neutral", "positive")


@pytest.fixture(scope="session")
def bundle(sample, tmp_path_factory):
    """Naive Bayes on the bundled sample, exported as `some-model`."""
    from trainer.export.bundle_writer import export_model

    dataset, _ = sample
    return export_model(
        RecipeSpec.parse("naive-bayes").fit(dataset, NoProgress()),
        dataset,
        name="some-model",
        recipe="naive-bayes",
        directory=tmp_path_factory.mktemp("gate") / "bundle",
        progress=NoProgress(),
    )


@pytest.fixture
def outcomes():
    """A function that makes answers of which a given share is right; confident as far as that."""
    from trainer.tracking.outcomes import Outcomes

    def make(right, *, rows=3_000, confidence=None, truth=None, labels=LABELS):
        """`right`: which rows are right, `[rows]`, or their share, spread by a fixed seed."""
        rng = np.random.default_rng(0)
        truth = np.arange(rows) % len(labels) if truth is None else truth
        if isinstance(right, float):
            right = rng.permutation(rows) < right * rows
        confidence = confidence or max(0.5, np.mean(right))
        given = np.where(right, truth, (truth + 1) % len(labels))
        rest = (1 - confidence) / (len(labels) - 1)
        probabilities = np.full((rows, len(labels)), rest, np.float32)
        probabilities[np.arange(rows), given] = confidence
        return Outcomes("t1", labels, np.arange(rows, dtype=np.uint64), truth, probabilities)

    return make

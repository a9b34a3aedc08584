"""Training rows that calibrate: scored by models that had not seen them."""

import numpy as np
import pytest

from trainer.progress import NoProgress
from trainer.recipes import linear
from trainer.recipes.spec import RecipeSpec


@pytest.fixture(scope="module")
def fitted(sample):
    return RecipeSpec.parse("naive-bayes").fit(sample[0], NoProgress())


def test_every_training_row_is_scored_by_a_model_that_had_not_seen_it(fitted, sample):
    train = sample[0].train
    found = fitted.out_of_fold
    assert np.bincount(found.labels).tolist() == np.bincount(train.labels).tolist()
    unseen = np.mean(found.logits.argmax(axis=1) == found.labels)
    seen = np.mean(fitted.predict_logits(train.texts).argmax(axis=1) == train.labels)
    assert unseen < 0.95 < seen
    rows = len(train) + len(sample[0].validation)
    assert fitted.parameters["calibration_rows"] == rows


def test_a_large_validation_split_calibrates_alone(sample, monkeypatch):
    monkeypatch.setattr(linear, "CALIBRATION_ROWS", len(sample[0].validation))
    fitted = RecipeSpec.parse("naive-bayes").fit(sample[0], NoProgress())
    assert fitted.out_of_fold is None
    assert fitted.parameters["calibration_rows"] == len(sample[0].validation)

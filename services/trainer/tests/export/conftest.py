"""A model worth exporting: naive Bayes, trained once on the bundled sample."""

import pytest

from trainer.progress import NoProgress
from trainer.recipes import get_recipe
from trainer.recipes.base import FitOptions


@pytest.fixture(scope="session")
def dataset(sample):
    """The bundled sample alone."""
    return sample[0]


@pytest.fixture(scope="session")
def fitted(dataset):
    """A fitted model of three labels."""
    return get_recipe("naive-bayes").fit(dataset, FitOptions(), NoProgress())

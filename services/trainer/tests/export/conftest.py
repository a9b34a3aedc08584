"""A model worth exporting: naive Bayes, trained once on the bundled sample."""

import pytest

from trainer.progress import NoProgress
from trainer.recipes.spec import RecipeSpec


@pytest.fixture(scope="session")
def dataset(sample):
    """The bundled sample alone."""
    return sample[0]


@pytest.fixture(scope="session")
def fitted(dataset):
    """A fitted model of three labels."""
    return RecipeSpec.parse("naive-bayes").fit(dataset, NoProgress())

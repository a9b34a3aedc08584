"""The table of what is searched fits the recipes there are."""

import optuna
import pytest

from trainer.errors import TrainerError
from trainer.recipes import RECIPES
from trainer.recipes.base import NeuralSettings
from trainer.recipes.spec import RecipeSpec
from trainer.tuning.space import SPACES, Choice, space_of, suggest


def test_every_recipe_of_the_table_exists():
    assert set(SPACES) <= set(RECIPES)


@pytest.mark.parametrize("recipe", SPACES)
def test_every_setting_exists_and_takes_every_value_of_its_range(recipe):
    spec = RecipeSpec.parse(recipe)
    for name, where in SPACES[recipe].items():
        values = where.values if isinstance(where, Choice) else (where.low, where.high)
        for value in values:
            assert getattr(spec.with_settings(**{name: value}).settings, name) == value


@pytest.mark.parametrize("recipe", SPACES)
def test_the_defaults_are_among_what_is_searched(recipe):
    space, defaults = SPACES[recipe], RecipeSpec.parse(recipe).settings.model_dump()
    study = optuna.create_study()
    study.enqueue_trial({name: defaults[name] for name in space})
    assert suggest(study.ask(), space) == pytest.approx({name: defaults[name] for name in space})


@pytest.mark.parametrize("recipe", RECIPES)
def test_every_recipe_with_settings_to_search_is_in_the_table(recipe):
    # A neural recipe always has a learning rate; what has none needs no search.
    if issubclass(type(RecipeSpec.parse(recipe).settings), NeuralSettings):
        assert "learning_rate" in SPACES[recipe]


def test_what_the_user_writes_is_not_searched():
    free = space_of(RecipeSpec.parse("bilstm"))
    fixed = space_of(RecipeSpec.parse("bilstm:units=96:dropout=0.5"))
    assert set(free) - set(fixed) == {"units", "dropout"}


def test_a_recipe_without_anything_to_search_is_refused():
    everything = RecipeSpec.parse("bert").with_settings()
    with pytest.raises(TrainerError, match="every setting is given; tune one of"):
        space_of(everything)

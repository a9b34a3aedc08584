"""Recipes and their settings, as users write them."""

import pytest

from trainer.errors import TrainerError
from trainer.recipes import RECIPES
from trainer.recipes.spec import RecipeSpec


@pytest.mark.parametrize("name", RECIPES)
def test_a_name_alone_takes_the_defaults_and_is_written_back(name):
    spec = RecipeSpec.parse(name)
    assert spec.settings.changed() == {}
    assert str(spec) == name


def test_settings_are_typed_and_written_back_in_one_order():
    spec = RecipeSpec.parse("bert:weights=C:/models/x=1:epochs=3")
    assert spec.settings.epochs == 3
    assert spec.settings.weights == "C:/models/x=1"  # its colon begins no setting
    assert str(spec) == str(RecipeSpec.parse(str(spec))) == "bert:epochs=3:weights=C:/models/x=1"


def test_a_default_written_out_is_the_same_recipe():
    assert str(RecipeSpec.parse("logistic-regression:max_iterations=300")) == "logistic-regression"


def test_settings_are_replaced_and_checked():
    spec = RecipeSpec.parse("bert").with_settings(epochs=2)
    assert str(spec) == "bert:epochs=2"
    with pytest.raises(TrainerError, match=r"bert, epochs: .*greater than or equal to 1"):
        spec.with_settings(epochs=0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("naive-bias", "no recipe 'naive-bias'; choose one of " + ", ".join(RECIPES)),
        ("bert:speed=3", "bert has no setting 'speed'; its settings: epochs, weights, max_length"),
        ("bert:epochs=some", "bert, epochs: .*integer"),
        ("bert:epochs=0", "bert, epochs: .*greater than or equal to 1"),
        ("bert:fast", "'fast' is no setting=value"),
        ("bert:", "'' is no setting=value"),
        ("bert:epochs=1:epochs=2", "a setting is given twice"),
    ],
)
def test_what_cannot_be_used_is_refused_with_what_there_is(text, message):
    with pytest.raises(TrainerError, match=message):
        RecipeSpec.parse(text)

"""The recipes by name. To add one: write a module that exposes `RECIPE`, and list it here."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from trainer.errors import TrainerError

if TYPE_CHECKING:
    from trainer.recipes.base import Recipe

RECIPES: dict[str, str] = {
    "naive-bayes": "trainer.recipes.naive_bayes",
    "complement-naive-bayes": "trainer.recipes.complement_naive_bayes",
    "logistic-regression": "trainer.recipes.logistic_regression",
    "dense": "trainer.recipes.dense",
    "gru": "trainer.recipes.gru",
    "lstm": "trainer.recipes.lstm",
    "bilstm": "trainer.recipes.bilstm",
    "use-features": "trainer.recipes.use_features",
    "bert-features": "trainer.recipes.bert_features",
    "bert": "trainer.recipes.bert",
}
"""The module of every recipe, cheapest to train first."""


def get_recipe(name: str) -> "Recipe[Any]":
    """The recipe of that name; only its own module is imported, as some bring in TensorFlow.

    Raises:
        TrainerError: there is no such recipe; the message lists those there are.
    """
    if name not in RECIPES:
        raise TrainerError(f"there is no recipe {name!r}; choose one of {', '.join(RECIPES)}")
    recipe: Recipe[Any] = import_module(RECIPES[name]).RECIPE
    return recipe

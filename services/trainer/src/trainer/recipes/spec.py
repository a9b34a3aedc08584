"""A recipe with its settings, as a user writes them: `bilstm` or `bilstm:units=96:dropout=0.3`."""

import re
from dataclasses import dataclass
from typing import Any, Self

from pydantic import ValidationError

from trainer.data.dataset import Dataset
from trainer.errors import TrainerError
from trainer.progress import Progress
from trainer.recipes import get_recipe
from trainer.recipes.base import FittedModel, Settings

NEXT_SETTING = re.compile(r":(?=[a-z_]+=)")
"""A colon that begins a setting; others, as in a path, belong to the value before."""


@dataclass(frozen=True)
class RecipeSpec:
    """A recipe's name and its settings; `str()` gives back the shortest way to write it."""

    recipe: str
    settings: Settings

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `NAME[:setting=value]...`.

        Raises:
            TrainerError: there is no such recipe or setting, or a value breaks its bounds; the
                message names what there is.
        """
        name, *parts = NEXT_SETTING.split(text)
        name, colon, rest = name.partition(":")
        recipe = get_recipe(name)
        if colon:
            raise TrainerError(f"{text!r}: {rest!r} is no setting=value")
        settings = dict(part.split("=", 1) for part in parts)
        if len(settings) < len(parts):
            raise TrainerError(f"{text!r}: a setting is given twice")
        return cls(name, _checked(name, recipe.settings, settings))

    def with_settings(self, **changes: Any) -> Self:
        """The same recipe with some settings replaced.

        Raises:
            TrainerError: there is no such setting, or a value breaks its bounds.
        """
        values = {**self.settings.model_dump(), **changes}
        return type(self)(self.recipe, _checked(self.recipe, type(self.settings), values))

    def fit(self, dataset: Dataset, progress: Progress, *, seed: int = 0) -> FittedModel:
        """Train it; see `trainer.recipes.base.Recipe.fit`."""
        return get_recipe(self.recipe).fit(dataset, self.settings, progress, seed=seed)

    def __str__(self) -> str:
        changed = self.settings.changed().items()
        return ":".join([self.recipe, *(f"{name}={_written(value)}" for name, value in changed)])


def _written(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _checked(recipe: str, kind: type[Settings], values: dict[str, Any]) -> Settings:
    if unknown := sorted(set(values) - set(kind.model_fields)):
        known = ", ".join(kind.model_fields) or "none"
        raise TrainerError(f"{recipe} has no setting {unknown[0]!r}; its settings: {known}")
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        where = ".".join(map(str, problem["loc"])) or "settings"
        message = problem["msg"].removeprefix("Value error, ")
        raise TrainerError(f"{recipe}, {where}: {message}") from None

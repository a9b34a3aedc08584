"""What is compared, and what makes two comparisons the same one."""

import hashlib
import json
import re
from dataclasses import dataclass

from trainer.errors import TrainerError
from trainer.recipes import RECIPES
from trainer.recipes.spec import RecipeSpec

NEXT_RECIPE = re.compile(r",(?=\s*[a-z][a-z0-9-]*\s*(?:[:,]|$))")
"""A comma that begins a recipe; others belong to the value of a setting."""
KEY_DIGITS = 16


def parse_recipes(text: str | None) -> tuple[RecipeSpec, ...]:
    """Read `NAME[:setting=value]...,NAME...`; None stands for every recipe with its defaults.

    Raises:
        TrainerError: there is no such recipe or setting, or one is there twice.
    """
    parts = list(RECIPES) if text is None else NEXT_RECIPE.split(text)
    specs = tuple(RecipeSpec.parse(part.strip()) for part in parts)
    written = [str(spec) for spec in specs]
    if twice := sorted({spec for spec in written if written.count(spec) > 1}):
        raise TrainerError(f"--recipes has {twice[0]!r} twice: leave one out")
    return specs


@dataclass(frozen=True)
class PlannedRun:
    """One recipe with one seed."""

    spec: RecipeSpec
    seed: int

    @property
    def recipe(self) -> str:
        """The recipe with its settings, as written."""
        return str(self.spec)

    def __str__(self) -> str:
        return f"{self.spec}, seed {self.seed}"


@dataclass(frozen=True)
class Plan:
    """A comparison to be made, or to be gone on with.

    Attributes:
        name: registered model that the best becomes a version of.
        specs: what is compared; of equals, the first is best.
        seeds: how often each is trained, with the seeds 0, 1, ...
        limit: the most training rows of each run.
        fingerprint: of the data set.
    """

    name: str
    specs: tuple[RecipeSpec, ...]
    seeds: int
    limit: int | None
    fingerprint: str

    @property
    def runs(self) -> list[PlannedRun]:
        """Every run, in the order they are made: all recipes with seed 0 first.

        So early results cover every recipe, and the time left is known after the first round.
        """
        return [PlannedRun(spec, seed) for seed in range(self.seeds) for spec in self.specs]

    @property
    def key(self) -> str:
        """Equal for the same comparison: data, limit, recipes, seeds and model."""
        content = json.dumps(
            {
                "name": self.name,
                "recipes": [str(spec) for spec in self.specs],
                "seeds": self.seeds,
                "limit": self.limit,
                "fingerprint": self.fingerprint,
            }
        )
        return hashlib.sha256(content.encode()).hexdigest()[:KEY_DIGITS]

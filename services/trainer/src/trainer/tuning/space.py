"""Which settings of a recipe are searched, and where."""

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from trainer.errors import TrainerError
from trainer.recipes.spec import RecipeSpec

if TYPE_CHECKING:
    from optuna import Trial


class Range(BaseModel):
    """Numbers from `low` to `high`, both possible; drawn by their logarithm, or in steps."""

    model_config = ConfigDict(frozen=True)

    low: float
    high: float
    log: bool = False
    step: float | None = None


class Whole(BaseModel):
    """Whole numbers from `low` to `high`, both possible; drawn by their logarithm if asked."""

    model_config = ConfigDict(frozen=True)

    low: int
    high: int
    log: bool = False


class Choice(BaseModel):
    """One of a few values."""

    model_config = ConfigDict(frozen=True)

    values: tuple[str | int | bool, ...]


Where = Range | Whole | Choice
Space = dict[str, Where]

WORDS: Space = {
    "normalisation": Choice(values=("none", "stem", "lemma")),
    "stop_words": Choice(values=("keep", "drop")),
}
LINEAR: Space = {
    **WORDS,
    "features": Choice(values=("words", "words+characters")),
    "min_count": Whole(low=1, high=5),
    "bias": Choice(values=("trained", "fitted")),
}
WORD_NET: Space = {
    **WORDS,
    "vectors": Choice(values=("learned", "glove", "fasttext")),
    "trainable": Choice(values=(True, False)),
    "embedding_dropout": Range(low=0.0, high=0.7, step=0.1),
    "dropout": Range(low=0.0, high=0.7, step=0.1),
    "learning_rate": Range(low=5e-4, high=1e-2, log=True),
    "batch_size": Choice(values=(32, 64, 128)),
}
RECURRENT: Space = {
    **WORD_NET,
    "units": Whole(low=32, high=192, log=True),
    "layers": Whole(low=1, high=2),
}
HEAD: Space = {
    "hidden": Whole(low=32, high=512, log=True),
    "learning_rate": Range(low=2e-4, high=5e-3, log=True),
    "batch_size": Choice(values=(32, 64, 128)),
    "dropout": Range(low=0.0, high=0.7, step=0.1),
}

# Not searched: `epochs`, since training stops by itself; `class_weights`, since the loss that is
# minimised is that of labels as frequent as they are, which balanced weights only ever raise.
SPACES: dict[str, Space] = {
    "naive-bayes": LINEAR,
    "complement-naive-bayes": LINEAR,
    "logistic-regression": {**LINEAR, "scaling": Choice(values=("none", "log-odds"))},
    "dense": {
        **WORD_NET,
        "units": Whole(low=32, high=512, log=True),
        "layers": Whole(low=0, high=3),
    },
    "gru": RECURRENT,
    "lstm": RECURRENT,
    "bilstm": RECURRENT,
    "use-features": HEAD,
    "bert-features": {**HEAD, "layers": Whole(low=1, high=6)},
    "bert": {
        "learning_rate": Range(low=2e-5, high=3e-4, log=True),
        "batch_size": Choice(values=(16, 32, 64)),
        "dropout": Range(low=0.0, high=0.4, step=0.1),
    },
}
"""By recipe and setting; the defaults lie within, since they are the first trial."""


def space_of(spec: RecipeSpec) -> Space:
    """What is searched: the recipe's space without the settings that the user wrote.

    Raises:
        TrainerError: nothing is left to search.
    """
    fixed = spec.settings.model_fields_set
    space = {
        name: where for name, where in SPACES.get(spec.recipe, {}).items() if name not in fixed
    }
    if not space:
        reason = "every setting is given" if spec.recipe in SPACES else "it has none to search"
        raise TrainerError(f"{spec} cannot be tuned: {reason}; tune one of {', '.join(SPACES)}")
    return space


def suggest(trial: "Trial", space: Space) -> dict[str, Any]:
    """Let a trial choose a value of every setting."""
    return {name: _suggest(trial, name, where) for name, where in space.items()}


def _suggest(trial: "Trial", name: str, where: Where) -> Any:
    if isinstance(where, Range):
        return trial.suggest_float(name, where.low, where.high, step=where.step, log=where.log)
    if isinstance(where, Whole):
        return trial.suggest_int(name, where.low, where.high, log=where.log)
    return trial.suggest_categorical(name, where.values)

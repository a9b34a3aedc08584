"""The versions of a registered model, as their tags describe them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from trainer.errors import TrainerError

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

DEFAULT_MODEL = "tweet-sentiment"
CHAMPION = "champion"
"""Alias of the version that serves."""


@dataclass(frozen=True)
class Version:
    """A version that `trainer train` registered.

    Attributes:
        number: counted from 1 within the model.
        run_id: the run that made it.
        recipe: the recipe's name.
        data_fingerprint: of all the rows it was trained and measured on.
        test_fingerprint: of the test rows alone.
        validation_macro_f1: macro-F1 on the validation split.
        tags: everything that it says of itself.
    """

    number: int
    run_id: str
    recipe: str
    data_fingerprint: str
    test_fingerprint: str
    validation_macro_f1: float
    tags: dict[str, str]

    @classmethod
    def of(cls, version: "ModelVersion") -> Self:
        """Read the tags of a model version.

        Raises:
            TrainerError: it was not registered by `trainer train`; the message says what it lacks.
        """
        tags = dict(version.tags)
        try:
            return cls(
                number=int(version.version),
                run_id=str(version.run_id),
                recipe=tags["recipe"],
                data_fingerprint=tags["data_fingerprint"],
                test_fingerprint=tags["test_fingerprint"],
                validation_macro_f1=float(tags["validation_macro_f1"]),
                tags=tags,
            )
        except KeyError as error:
            raise TrainerError(
                f"version {version.version} of {version.name} lacks the tag {error}: it was not "
                "registered by `trainer train`; delete it, or choose a version with --run"
            ) from None

    def compares_with(self, other: "Version") -> bool:
        """Whether both were measured on the same validation rows.

        Versions of long ago do not say which rows those were; then all their rows must be the same.
        """
        rows, others = (item.tags.get("validation_fingerprint") for item in (self, other))
        if rows and others:
            return rows == others
        return self.data_fingerprint == other.data_fingerprint

    def __str__(self) -> str:
        return f"version {self.number} ({self.recipe})"


def all_versions(client: "MlflowClient", name: str) -> list[Version]:
    """Every version of a model, oldest first.

    Raises:
        TrainerError: there is none, or one was not registered by `trainer train`.
    """
    found: list[ModelVersion] = []
    token: str | None = None
    while token is None or token:
        page = client.search_model_versions(f"name = '{checked(name)}'", page_token=token)
        found += page
        token = page.token or ""
    if not found:
        raise TrainerError(f"{name} has no version yet: make one with `trainer train`")
    return sorted((Version.of(version) for version in found), key=lambda version: version.number)


def champion(client: "MlflowClient", name: str) -> Version | None:
    """The version that serves, if one was promoted.

    Raises:
        TrainerError: it was not registered by `trainer train`.
    """
    number = champion_number(client, name)
    return Version.of(client.get_model_version(name, number)) if number else None


def champion_number(client: "MlflowClient", name: str) -> str | None:
    """Number of the version that serves, whoever registered it; None if none was promoted."""
    models = client.search_registered_models(f"name = '{checked(name)}'")
    number = models[0].aliases.get(CHAMPION) if models else None
    return str(number) if number else None


def checked(name: str) -> str:
    """A model name that can stand in a search.

    Raises:
        TrainerError: it cannot be a model name.
    """
    if not name or any(sign in name for sign in "'\"/:"):
        raise TrainerError(f"{name!r} is no model name: leave out quotes, slashes and colons")
    return name

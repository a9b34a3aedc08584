"""The champion that a registry without one begins with."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from trainer.registry.versions import DEFAULT_MODEL, Version, all_versions, champion_number
from trainer.tracking.store import tracking_session

if TYPE_CHECKING:
    from mlflow import MlflowClient

    from trainer.data.dataset import Dataset
    from trainer.registry.challenge import Challenge


def existing_champion(name: str = DEFAULT_MODEL) -> str | None:
    """Number of the version that serves; asked without loading what training needs.

    Raises:
        TrainerError: the registry does not answer.
    """
    with tracking_session() as client:
        return champion_number(client, name)


def make_first_champion(
    client: "MlflowClient",
    name: str,
    recipes: Sequence[str],
    dataset: "Dataset",
    train: Callable[[str], object],
) -> "Challenge":
    """Train what is not there yet, and promote the best that passes the gate.

    Stopped on the way, it goes on where it stopped when called again: a recipe that has registered
    a version of exactly these rows is not trained a second time.

    Args:
        client: of the tracking store.
        name: the registered model.
        recipes: which recipes to compare.
        dataset: what they learn from.
        train: trains a recipe on it and registers the version.

    Raises:
        TrainerError: a recipe failed, or the versions do not compare.
    """
    from trainer.registry.challenge import challenge_with_best  # loads ONNX Runtime
    from trainer.registry.gate import Terms

    done = {
        version.recipe
        for version in _versions(client, name)
        if version.data_fingerprint == dataset.fingerprint
    }
    for recipe in recipes:
        if recipe not in done:
            train(recipe)
    return challenge_with_best(client, name, Terms())


def _versions(client: "MlflowClient", name: str) -> list[Version]:
    if not client.search_model_versions(f"name = '{name}'", max_results=1):
        return []
    return all_versions(client, name)

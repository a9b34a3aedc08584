"""Finding the bundle of a model, in the registry or in a directory."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from trainer.errors import TrainerError
from trainer.tracking.store import tracking_session

REGISTRY_SCHEME = "models:/"
BUNDLE_IN_MODEL = "artifacts/bundle"


@contextmanager
def bundle_directory(model: str) -> Iterator[Path]:
    """The directory of a bundle, there as long as the context lasts.

    Args:
        model: `models:/NAME@ALIAS`, `models:/NAME/VERSION`, or a directory.

    Raises:
        TrainerError: there is no such directory or model, or MLflow does not answer.
    """
    if not model.startswith(REGISTRY_SCHEME):
        directory = Path(model)
        if not directory.is_dir():
            raise TrainerError(
                f"{model} is no directory: give a bundle's, or models:/NAME@ALIAS of the registry"
            )
        yield directory
        return
    with tempfile.TemporaryDirectory(prefix="bundle-") as scratch:
        with tracking_session():
            import mlflow

            fetched = mlflow.artifacts.download_artifacts(
                artifact_uri=f"{model}/{BUNDLE_IN_MODEL}", dst_path=scratch
            )
        yield Path(fetched)

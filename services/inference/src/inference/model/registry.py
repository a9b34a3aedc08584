"""MLflow's model registry: which version an alias names, and its bundle."""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from inference.model.source import RegistrySource

BUNDLE_IN_MODEL = "artifacts/bundle"
HTTP_TIMEOUT_SECONDS = 10
HTTP_RETRIES = 1
MESSAGE_CHARACTERS = 500
UNKNOWN_CODES = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")
"""What MLflow says of a model or version that it does not have, and of such an alias."""
CREDENTIALS = re.compile(r"//[^/@\s]*@")


class RegistryError(Exception):
    """The registry gave no version or no bundle; the message says why."""


class UnknownVersionError(RegistryError):
    """The registry answers, and has no such version or alias."""


@dataclass(frozen=True)
class Release:
    """One version of a registered model.

    Attributes:
        version: its number.
        identity: tells it from a version of the same number in a registry that was made anew.
    """

    version: str
    identity: str


class Registry(Protocol):
    """Where versions of a model come from."""

    def resolve(self, source: RegistrySource) -> Release:
        """The version that a source means now.

        Raises:
            UnknownVersionError: the registry knows no such version.
            RegistryError: it does not answer.
        """
        ...

    def download(self, name: str, version: str, folder: Path) -> Path:
        """Fetch the bundle of a version into an empty folder; returns the bundle's directory.

        Raises:
            RegistryError: it cannot be fetched.
        """
        ...


class MlflowRegistry:
    """The registry behind a tracking URI.

    MLflow is imported by the first call, which the follower makes in its own thread: the import
    takes seconds, and a start from the cache must not wait for it.
    """

    def __init__(self, tracking_uri: str) -> None:
        self._tracking_uri = tracking_uri
        # MLflow's own defaults are 120 s and 7 retries with growing pauses: a server that is down
        # would be noticed after many minutes only. MLflow reads these from the environment alone.
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", str(HTTP_TIMEOUT_SECONDS))
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", str(HTTP_RETRIES))
        os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
        os.environ.setdefault("MLFLOW_CONFIGURE_LOGGING", "false")  # its lines are not JSON

    def resolve(self, source: RegistrySource) -> Release:
        """See `Registry.resolve`."""
        from mlflow import MlflowClient

        client = MlflowClient(self._tracking_uri, self._tracking_uri)
        try:
            if source.alias is None:
                found = client.get_model_version(source.name, str(source.version))
            else:
                found = client.get_model_version_by_alias(source.name, source.alias)
        except Exception as error:  # besides its own, MLflow passes on those of its transports
            unknown = getattr(error, "error_code", None) in UNKNOWN_CODES
            what = f"MLflow at {self._tracking_uri} gives no version for {_spoken(source)}"
            raise (UnknownVersionError if unknown else RegistryError)(_said(what, error)) from error
        return Release(str(found.version), f"{found.creation_timestamp}:{found.source}")

    def download(self, name: str, version: str, folder: Path) -> Path:
        """See `Registry.download`."""
        import mlflow

        # Addresses of artifacts that the server passes through are resolved against this.
        mlflow.set_tracking_uri(self._tracking_uri)
        mlflow.set_registry_uri(self._tracking_uri)
        try:
            path = mlflow.artifacts.download_artifacts(
                artifact_uri=f"models:/{name}/{version}/{BUNDLE_IN_MODEL}", dst_path=str(folder)
            )
        except Exception as error:  # as above
            what = f"the bundle of {name} version {version} cannot be downloaded from"
            raise RegistryError(_said(f"{what} {self._tracking_uri}", error)) from error
        return Path(path)


def _spoken(source: RegistrySource) -> str:
    if source.alias is None:
        return f"{source.name} version {source.version}"
    return f"{source.name} alias {source.alias!r}"


def _said(what: str, error: Exception) -> str:
    said = " ".join(str(error).split())[:MESSAGE_CHARACTERS]
    # Clients read this: a tracking URI may hold a password.
    return CREDENTIALS.sub("//", f"{what}: {type(error).__name__}: {said}")

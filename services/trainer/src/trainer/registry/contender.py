"""A version as the gate sees it: what it says of itself, its answers, and its bundle."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from contract.bundle import Bundle
from contract.errors import BundleError
from contract.manifest import MANIFEST, sha256_of
from trainer.registry.bundles import bundle_directory
from trainer.registry.versions import Version
from trainer.tracking.outcomes import Outcomes, find_outcomes

if TYPE_CHECKING:
    from mlflow import MlflowClient


@dataclass(frozen=True)
class Contender:
    """One of the two that are compared.

    Attributes:
        version: what it says of itself.
        outcomes: its answers to the test rows; None where its run kept none.
        bundle: what would serve; None where it does not open.
        defect: why it does not.
    """

    version: Version
    outcomes: Outcomes | None
    bundle: Bundle | None
    defect: str | None = None

    @property
    def labels(self) -> str:
        """Its label names, comma-separated."""
        return self.version.tags.get("labels", "")


@contextmanager
def contender(client: "MlflowClient", name: str, version: Version) -> Iterator[Contender]:
    """Fetch a version; its bundle is there as long as the context lasts.

    Raises:
        TrainerError: MLflow does not answer, or has lost the version's files.
    """
    outcomes = find_outcomes(client, version.run_id)
    with bundle_directory(f"models:/{name}/{version.number}") as directory:
        try:
            bundle = _opened(directory, version)
        except BundleError as error:
            yield Contender(version, outcomes, None, str(error))
        else:
            yield Contender(version, outcomes, bundle)


def _opened(directory: Path, version: Version) -> Bundle:
    bundle = Bundle.open(directory)
    registered = version.tags.get("manifest_sha256")
    if registered and registered != sha256_of(directory / MANIFEST):
        raise BundleError("checksum", f"{MANIFEST} is not the one that was registered")
    return bundle

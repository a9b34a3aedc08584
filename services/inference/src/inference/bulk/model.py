"""The model that a scoring uses, from a registry or a folder, verified before anything is read."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from contract.bundle import Bundle
from contract.errors import BundleError
from contract.manifest import MANIFEST, Manifest, Precision, sha256_of
from inference.bulk.errors import BulkError
from inference.model.cache import short_hash
from inference.model.opening import WantedPrecision, open_bundle
from inference.model.registry import MlflowRegistry, RegistryError
from inference.model.source import RegistrySource, parse_source
from inference.settings import SettingsError


class ModelIdentity(BaseModel):
    """What tells one model's answers from another's.

    Attributes:
        name: registered name, or the manifest's name for a folder.
        version: registered version, or the start of the manifest's hash for a folder.
        digest: SHA-256 of the manifest, which holds the hash of all else.
        precision: the graph that runs.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    version: str
    digest: str
    precision: Precision


@dataclass(frozen=True)
class BulkModel:
    """An open model.

    Attributes:
        bundle: encoder, graph and labels.
        directory: where its files are, as long as the model is open.
        fallback: why its fp32 graph runs in place of its int8 one; None where it does not.
    """

    identity: ModelIdentity
    bundle: Bundle
    directory: Path
    fallback: str | None


@contextmanager
def open_model(source: str, precision: WantedPrecision, tracking_uri: str) -> Iterator[BulkModel]:
    """Fetch and open a model.

    The API's cache is left alone: what it holds says what the API serves after a restart.

    Args:
        source: `models:/NAME@ALIAS`, `models:/NAME/VERSION` or a bundle's directory.
        precision: which graph to run.
        tracking_uri: where the registry is.

    Raises:
        BulkError: there is no such model, or it is refused.
    """
    try:
        parsed = parse_source(source)
        if not isinstance(parsed, RegistrySource):
            yield _opened(parsed.path, precision, None, None)
            return
        registry = MlflowRegistry(tracking_uri)
        release = registry.resolve(parsed)
        with tempfile.TemporaryDirectory(prefix="score-model-") as folder:
            path = registry.download(parsed.name, release.version, Path(folder))
            yield _opened(path, precision, parsed.name, release.version)
    except SettingsError as error:
        raise BulkError(str(error).replace("MODEL_SOURCE", "--model")) from None
    except (BundleError, RegistryError) as error:
        raise BulkError(f"--model {source}: {error}") from error


def _opened(
    path: Path, precision: WantedPrecision, name: str | None, version: str | None
) -> BulkModel:
    opened = open_bundle(path, precision)
    identity = ModelIdentity(
        name=name or opened.bundle.manifest.name,
        version=version or short_hash(path),
        digest=sha256_of(path / MANIFEST),
        precision=opened.bundle.precision,
    )
    return BulkModel(identity, opened.bundle, path, opened.fallback)


def require_same_model(identity: ModelIdentity, source: str, tracking_uri: str) -> None:
    """Check that a model is the one that a setting names, so that their counts may be added.

    Args:
        identity: of the model that scores.
        source: MODEL_SOURCE.
        tracking_uri: where the registry is.

    Raises:
        BulkError: it names another one, or none.
    """
    try:
        parsed = parse_source(source)
        if isinstance(parsed, RegistrySource):
            name, version = parsed.name, MlflowRegistry(tracking_uri).resolve(parsed).version
        else:
            name, version = Manifest.read(parsed.path).name, short_hash(parsed.path)
    except (SettingsError, BundleError, RegistryError) as error:
        raise BulkError(f"MODEL_SOURCE {source}: {error}") from error
    if (name, version) != (identity.name, identity.version):
        raise BulkError(
            f"--radar counts what the model of MODEL_SOURCE says, {name} version {version}, and "
            f"--model is {identity.name} version {identity.version}: leave --model out, or set "
            "MODEL_SOURCE to the same model"
        )

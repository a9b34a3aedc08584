"""A bundle as a registered `python_function` model."""

import logging
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import requires, version
from pathlib import Path
from typing import TYPE_CHECKING

import contract
from contract.goldens import GOLDEN_TEXTS
from contract.manifest import Manifest

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion
    from mlflow.models import ModelSignature

MODEL_NAME = "bundle"
ARTIFACT = "bundle"
"""Key under which the bundle lies in the model, so at `artifacts/bundle`."""
TEXT_COLUMN = "text"
CONTRACT_DISTRIBUTION = "radar-contract"


def log_bundle(
    client: "MlflowClient", bundle: Path, *, name: str, run_id: str, tags: Mapping[str, str]
) -> "ModelVersion":
    """Log a verified bundle to the active run and register it.

    Args:
        client: of the tracking store.
        bundle: the bundle's directory, itself named `bundle`: MLflow keeps that name.
        name: the registered model.
        run_id: the active run.
        tags: what the version says of itself; there from its first moment.

    Returns:
        The new version.

    Raises:
        ValueError: the directory has another name, under which serving would not find it.
        MlflowException: the store refused; neither a logged model nor a version is left.
    """
    import mlflow
    import pandas as pd

    if bundle.name != ARTIFACT:
        raise ValueError(f"the bundle's directory must be named {ARTIFACT!r}, not {bundle.name!r}")
    manifest = Manifest.read(bundle)
    # It warns when pip is not installed beside Python, which changes nothing about the model.
    logging.getLogger("mlflow.utils.environment").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory(prefix="model-") as scratch, _without_bytecode():
        package = Path(scratch) / "contract"
        source = Path(contract.__file__).parent
        shutil.copytree(source, package, ignore=shutil.ignore_patterns("__pycache__"))
        try:
            logged = mlflow.pyfunc.log_model(
                name=MODEL_NAME,
                python_model=str(package / "pyfunc.py"),
                code_paths=[str(package)],
                artifacts={ARTIFACT: str(bundle)},
                signature=signature(manifest.labels),
                input_example=pd.DataFrame({TEXT_COLUMN: GOLDEN_TEXTS[:1]}),
                pip_requirements=pinned_requirements(),
                model_type=manifest.family,
            )
            registered = mlflow.register_model(logged.model_uri, name, tags=dict(tags))
        except BaseException:
            discard_models(client, run_id)
            raise
    return registered


@contextmanager
def _without_bytecode() -> Iterator[None]:
    """MLflow runs the model's code where it lies, and would keep what Python compiles of it."""
    before = sys.dont_write_bytecode
    sys.dont_write_bytecode = True
    try:
        yield
    finally:
        sys.dont_write_bytecode = before


def signature(labels: tuple[str, ...]) -> "ModelSignature":
    """Input column `text`; output columns `label`, `uncertain`, `truncated` and `p_<label>`."""
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, Schema

    outputs = [
        ColSpec(DataType.string, "label"),
        ColSpec(DataType.boolean, "uncertain"),
        ColSpec(DataType.boolean, "truncated"),
        *(ColSpec(DataType.double, f"p_{label}") for label in labels),
    ]
    return ModelSignature(
        inputs=Schema([ColSpec(DataType.string, TEXT_COLUMN)]), outputs=Schema(outputs)
    )


def pinned_requirements() -> list[str]:
    """What the model needs beside its own code, at the versions installed here.

    Given outright, since MLflow would find them by running the model in another process and
    asking a package index.
    """
    from packaging.requirements import Requirement

    needed = {Requirement(line).name for line in requires(CONTRACT_DISTRIBUTION) or ()}
    return [f"{name}=={version(name)}" for name in sorted(needed | {"mlflow", "pandas"})]


def discard_models(client: "MlflowClient", run_id: str) -> None:
    """Delete what logging left of the models of a run that registered none."""
    experiment = client.get_run(run_id).info.experiment_id
    for logged in client.search_logged_models([experiment], f"source_run_id = '{run_id}'"):
        client.delete_logged_model(logged.model_id)

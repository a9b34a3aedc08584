"""Writing a bundle: all of it, verified, or nothing."""

import math
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from contract.bundle import TOKEN_BUDGET, Bundle
from contract.calibration import softmax
from contract.encoding import Encoded, length_sorted_batches, pad
from contract.errors import BundleError
from contract.goldens import GOLDEN_SET, GOLDEN_TEXTS, golden_outputs
from contract.graph import Graph
from contract.manifest import (
    FEATURES,
    MANIFEST,
    MODEL,
    TOKENIZER,
    Manifest,
    TrainingData,
    sha256_of,
)
from trainer import defaults
from trainer.data.dataset import Dataset, Split
from trainer.errors import ExportError
from trainer.export.abstention import choose_threshold
from trainer.export.calibration import fit_temperature
from trainer.export.verification import verify_export
from trainer.progress import Progress
from trainer.recipes.base import FittedModel, HeldOut, Logits


def export_model(
    model: FittedModel,
    dataset: Dataset,
    *,
    name: str,
    recipe: str,
    directory: Path,
    progress: Progress,
    precision: float = defaults.PRECISION,
) -> Bundle:
    """Write a fitted model as a bundle, verified and calibrated.

    Temperature and threshold of doubt are fitted to the validation split, and to what the model
    brings of rows out of fold.

    The bundle has no metrics yet, since they are measured through it: see `record_metrics`.

    Args:
        model: what a recipe made of `dataset`.
        dataset: its labels, provenance and validation split are used.
        name: the registered model's name, such as `tweet-sentiment`.
        recipe: the recipe's name.
        directory: where the bundle shall be; must not exist, or be empty.
        progress: told of the validation texts read.
        precision: share of right answers that shall be reached by those not marked uncertain, see
            `choose_threshold`.

    Returns:
        The bundle as `Bundle.open` read it back.

    Raises:
        ExportError: the directory is taken, or a check failed; nothing is left behind.
    """
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise ExportError("directory", f"{directory} exists; name another, or delete it first")
    directory.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".bundle-", dir=directory.parent) as scratch:
        draft = Path(scratch) / "draft"
        draft.mkdir()
        onnx.save_model(model.to_onnx(), draft / MODEL)
        _write_encoder(model, draft)
        graph = verify_export(model, draft, dataset.validation.texts, dataset.labels)
        logits = _logits(graph, model, dataset.validation, progress)
        held_out = HeldOut(logits, dataset.validation.labels).joined(model.out_of_fold)
        temperature = fit_temperature(*held_out).temperature
        probabilities = softmax(held_out.logits, temperature)
        abstention = choose_threshold(probabilities, held_out.labels, precision)

        def predict(batch: Sequence[Encoded]) -> np.ndarray:
            return softmax(graph(pad(batch, model.encoder.pad_id)), temperature)

        Manifest(
            name=name,
            recipe=recipe,
            family=model.family,
            created_at=datetime.now(UTC),
            labels=dataset.labels,
            text_steps=model.steps.specs,
            encoder="tokens" if model.features is None else "features",
            pad_id=model.encoder.pad_id,
            unknown_id=model.unknown_id,
            max_length=model.encoder.max_length,
            temperature=temperature,
            abstain_threshold=abstention.threshold,
            abstain_precision=precision,
            languages=dataset.languages,
            training_data=_provenance(dataset),
            metrics={},
            files={path.name: sha256_of(path) for path in sorted(draft.iterdir())},
            golden_set=GOLDEN_SET,
            goldens={"fp32": golden_outputs(model.encoder.encode(GOLDEN_TEXTS), predict)},
        ).write(draft)
        try:
            bundle = Bundle.open(draft)
        except BundleError as error:
            raise ExportError(error.check, error.message) from error
        draft.rename(directory)
    return bundle


def record_metrics(directory: Path, metrics: Mapping[str, float]) -> Manifest:
    """Put figures measured on the test split into the manifest of an exported bundle.

    Returns:
        The manifest as it now is.

    Raises:
        ExportError: (`metrics`) a figure is not finite, which JSON cannot hold.
        BundleError: there is no readable manifest in `directory`.
    """
    for metric, value in metrics.items():
        if not math.isfinite(value):
            raise ExportError("metrics", f"{metric} is {value}; leave out what has no value")
    figures = {metric: float(value) for metric, value in metrics.items()}
    return update_manifest(directory, metrics=figures)


def update_manifest(directory: Path, **changes: Any) -> Manifest:
    """Replace fields of the manifest of an exported bundle, all at once.

    Returns:
        The manifest as it now is.

    Raises:
        BundleError: there is no readable manifest in `directory`.
        ValidationError: the changes break one of the manifest's rules.
    """
    before = Manifest.read(directory)
    manifest = Manifest.model_validate({**before.model_dump(), **changes})
    with tempfile.TemporaryDirectory(prefix=".manifest-", dir=directory.parent) as scratch:
        manifest.write(Path(scratch))
        (Path(scratch) / MANIFEST).replace(directory / MANIFEST)
    return manifest


def _write_encoder(model: FittedModel, draft: Path) -> None:
    if model.features is not None:
        (draft / FEATURES).write_text(model.features.model_dump_json(), encoding="utf-8")
    elif model.tokenizer_json is not None:
        (draft / TOKENIZER).write_text(model.tokenizer_json, encoding="utf-8")
    else:
        raise ExportError("encoder", "the model has neither a tokenizer nor features")


def _logits(graph: Graph, model: FittedModel, split: Split, progress: Progress) -> Logits:
    """Uncalibrated logits `[rows, labels]` of a split, through ONNX Runtime."""
    encoded = model.encoder.encode(split.texts)
    progress.start("calibrate", len(split))
    logits: dict[int, np.ndarray] = {}
    for batch in length_sorted_batches([item.ids.size for item in encoded], TOKEN_BUDGET):
        rows = graph(pad([encoded[index] for index in batch], model.encoder.pad_id))
        logits.update(zip(batch, rows, strict=True))
        progress.advance(len(batch))
    return np.stack([logits[index] for index in range(len(split))])


def _provenance(dataset: Dataset) -> TrainingData:
    return TrainingData(
        source=dataset.source,
        fingerprint=dataset.fingerprint,
        test_fingerprint=dataset.test_fingerprint,
        train_rows=len(dataset.train),
        validation_rows=len(dataset.validation),
        test_rows=len(dataset.test),
        is_sample=dataset.is_sample,
    )

"""The manifest: everything about a bundle that its other files do not say themselves."""

import hashlib
import json
from datetime import datetime
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from contract.errors import BundleError
from contract.text.pipeline import StepSpec

FORMAT_VERSION = 1
MANIFEST = "manifest.json"
MODEL = "model.onnx"
QUANTISED_MODEL = "model.int8.onnx"
TOKENIZER = "tokenizer.json"
FEATURES = "features.json"

Precision = Literal["fp32", "int8"]
MODEL_FILES: dict[Precision, str] = {"fp32": MODEL, "int8": QUANTISED_MODEL}


class _Frozen(BaseModel):
    # "model_" would be a protected prefix in pydantic; the field's own words come first here.
    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())


class TrainingData(_Frozen):
    """What a model learned from, and which rows its figures were measured on."""

    source: str
    fingerprint: str = Field(description="SHA-256 over the cleaned rows and their splits")
    test_fingerprint: str = Field(description="SHA-256 over the test rows alone")
    train_rows: int
    validation_rows: int
    test_rows: int
    is_sample: bool = Field(description="the bundled sample: a demonstration, not a product")


class GoldenOutput(_Frozen):
    """Ids and probabilities of one golden text, by the model as it was exported."""

    ids: tuple[int, ...]
    probabilities: tuple[float, ...]


class Manifest(_Frozen):
    """`manifest.json`; see `docs/architecture.md` for the whole bundle."""

    format_version: Literal[1] = 1
    name: str = Field(min_length=1)
    recipe: str
    family: Literal["linear", "dense", "recurrent", "transformer"]
    created_at: datetime
    labels: tuple[str, ...] = Field(min_length=2)
    text_steps: tuple[StepSpec, ...]
    encoder: Literal["tokens", "features"]
    pad_id: int = Field(ge=0)
    unknown_id: int | None = Field(default=None, ge=0)
    max_length: int = Field(ge=1)
    temperature: float = Field(default=1.0, gt=0)
    abstain_threshold: float = Field(default=0.0, ge=0, le=1)
    abstain_precision: float | None = Field(
        default=None, gt=0, le=1, description="share of right answers the threshold was chosen for"
    )
    languages: tuple[str, ...]
    training_data: TrainingData
    metrics: dict[str, float]
    files: dict[str, str] = Field(description="SHA-256, in hexadecimal, of every other file")
    golden_set: int
    goldens: dict[Precision, tuple[GoldenOutput, ...]]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if len(set(self.labels)) != len(self.labels):
            raise ValueError("labels must differ from each other")
        if self.encoder == "tokens" and self.unknown_id is None:
            raise ValueError("a token model needs unknown_id")
        needed = {MODEL, TOKENIZER if self.encoder == "tokens" else FEATURES}
        if missing := needed - set(self.files):
            raise ValueError(f"files lacks {', '.join(sorted(missing))}")
        if "fp32" not in self.goldens:
            raise ValueError("goldens lacks fp32")
        if (QUANTISED_MODEL in self.files) != ("int8" in self.goldens):
            raise ValueError(f"{QUANTISED_MODEL} and int8 goldens go together")
        return self

    @classmethod
    def read(cls, directory: Path) -> Self:
        """Read the manifest of a bundle directory.

        Raises:
            BundleError: (`manifest`) it is missing, not JSON, of another format version, or
                breaks a rule of its schema; the message names the fields.
        """
        path = directory / MANIFEST
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise BundleError("manifest", f"there is no {MANIFEST} in {directory}") from None
        except (OSError, ValueError) as error:
            raise BundleError("manifest", f"{path} is not readable JSON: {error}") from error
        version = content.get("format_version") if isinstance(content, dict) else None
        if version != FORMAT_VERSION:
            raise BundleError(
                "manifest", f"{path} has format version {version!r}; this reads {FORMAT_VERSION}"
            )
        try:
            return cls.model_validate(content)
        except ValidationError as error:
            problems = "; ".join(
                f"{'.'.join(map(str, item['loc'])) or 'manifest'}: {item['msg']}"
                for item in error.errors(include_url=False)
            )
            raise BundleError("manifest", f"{path}: {problems}") from error

    def write(self, directory: Path) -> None:
        """Write the manifest into a bundle directory."""
        (directory / MANIFEST).write_text(
            self.model_dump_json(indent=2) + "\n", encoding="utf-8", newline="\n"
        )

    def verify_files(self, directory: Path) -> None:
        """Compare every file with its recorded hash.

        Raises:
            BundleError: (`files`) one is missing; (`checksum`) one differs.
        """
        for name, expected in self.files.items():
            path = directory / name
            if path.parent != directory or not path.is_file():
                raise BundleError("files", f"{name} is missing from {directory}")
            actual = sha256_of(path)
            if actual != expected:
                raise BundleError(
                    "checksum", f"{name} has SHA-256 {actual}, the manifest says {expected}"
                )


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

"""What a recipe is: the one interface between a way of modelling and the rest of the trainer."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, NamedTuple, Protocol, TypeVar

import numpy as np
import numpy.typing as npt
import onnx
from pydantic import BaseModel, ConfigDict, Field

from contract.encoding import Encoder
from contract.features import FeatureSpec
from contract.text.pipeline import TextSteps
from trainer.data.dataset import Dataset, Labels
from trainer.progress import Progress

Family = Literal["linear", "dense", "recurrent", "transformer"]
Logits = npt.NDArray[np.floating[Any]]
S = TypeVar("S", bound="Settings")


ClassWeights = Annotated[
    Literal["none", "balanced"],
    Field(description="whether rare labels count for as much as frequent ones"),
]
"""A setting that several kinds of recipes have."""


class Settings(BaseModel):
    """What a user may set for a recipe; every field has a default, a description and its bounds.

    A recipe without settings of its own uses this class itself.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    def changed(self) -> dict[str, Any]:
        """The settings that differ from their defaults, in the order of declaration."""
        defaults = type(self)()
        return {
            name: getattr(self, name)
            for name in type(self).model_fields
            if getattr(self, name) != getattr(defaults, name)
        }


class NeuralSettings(Settings):
    """What a user may set for any recipe that learns in epochs."""

    epochs: int | None = Field(
        default=None, ge=1, description="the most passes over the data; empty: the recipe's own"
    )


class PretrainedSettings(NeuralSettings):
    """What a user may set for any recipe that starts from a pretrained encoder."""

    weights: str | None = Field(
        default=None,
        description="Hugging Face directory or hub name; empty: all-MiniLM-L6-v2 from its package",
    )
    max_length: int = Field(default=128, ge=8, le=512, description="ids a tweet is cut to")
    class_weights: ClassWeights = "none"


@dataclass(frozen=True)
class FittedModel:
    """A trained model and everything its bundle needs.

    Attributes:
        family: kind of model, as the manifest names it.
        steps: text steps to apply before encoding.
        encoder: the encoder that trained it, over `steps`.
        tokenizer_json: content of `tokenizer.json` for token models, without its padding and
            truncation settings.
        features: content of `features.json` for bag-of-features models.
        unknown_id: id of the unknown token, for token models.
        predict_logits: the trained model itself (not its export): logits `[texts, labels]` of raw
            texts; the reference for parity.
        to_onnx: the graph of the bundle: `token_ids` (and `token_weights`) to `logits`.
        parameters: hyperparameters as they were used, for tracking.
        history: value per epoch of each Keras metric (`loss`, `val_loss`, ...); empty for linear
            models.
        out_of_fold: more rows to calibrate with, where the validation split is small: training
            rows with the logits of models, trained alike, that had not seen them.
    """

    family: Family
    steps: TextSteps
    encoder: Encoder
    tokenizer_json: str | None
    features: FeatureSpec | None
    unknown_id: int | None
    predict_logits: "PredictLogits"
    to_onnx: "ToOnnx"
    parameters: dict[str, str | int | float | bool]
    history: dict[str, list[float]] = field(default_factory=dict)
    out_of_fold: "HeldOut | None" = None


class HeldOut(NamedTuple):
    """Logits `[rows, labels]` of texts a model was not trained on, and their right labels."""

    logits: Logits
    labels: Labels

    def joined(self, other: "HeldOut | None") -> "HeldOut":
        """These rows, and those of the other if there is one."""
        if other is None:
            return self
        logits, labels = zip(self, other, strict=True)
        return HeldOut(np.concatenate(logits), np.concatenate(labels))


class PredictLogits(Protocol):
    """The trained model as a function of raw texts."""

    def __call__(self, texts: Sequence[str]) -> Logits:
        """Logits `[texts, labels]`."""
        ...


class ToOnnx(Protocol):
    """Writes the trained model as an ONNX graph."""

    def __call__(self) -> onnx.ModelProto:
        """The graph; opset and IR version are the recipe's choice.

        Raises:
            ExportError: the conversion failed.
        """
        ...


class Recipe(Protocol[S]):
    """One way of turning a data set into a model; a module of this package each.

    Attributes:
        name: what users call it.
        summary: one line on what it is.
        settings: the class of its settings.
    """

    name: str
    summary: str
    settings: type[S]

    def fit(
        self, dataset: Dataset, settings: S, progress: Progress, *, seed: int = 0
    ) -> FittedModel:
        """Train on `dataset.train`, watching `dataset.validation`; the test split is not touched.

        Args:
            dataset: what to learn from.
            settings: what the user set.
            progress: told of every step.
            seed: fixes every random choice.

        Raises:
            TrainerError: the data or the settings do not suit this recipe.
            KeyboardInterrupt: the user stopped it; nothing is left behind.
        """
        ...

"""The documents of text-embeddings-inference (`router/src/http/types.rs`)."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, RootModel

from inference.prediction.schemas import MAX_BATCH

ErrorType = Literal["Unhealthy", "Backend", "Overloaded", "Validation", "Tokenizer"]


class Failed(BaseModel):
    """A failure."""

    error: str
    error_type: ErrorType


class Parameters(BaseModel):
    """What `huggingface_hub.InferenceClient` may ask for."""

    top_k: int | None = Field(default=None, ge=1, description="answer the best labels only")
    function_to_apply: Literal["softmax", "none"] | None = Field(
        default=None, description="none: as raw_scores"
    )


class PredictRequest(BaseModel):
    """One text or several; fields that are not named here are not looked at."""

    inputs: str | list[str] | list[list[str]] = Field(
        description='a text, "…" or ["…"], or up to 256 of them, [["…"], ["…"]]; two texts in one '
        'list, ["…", "…"], are a pair to this protocol, which the model does not read',
        examples=["Three hours late and nobody says a word @AirParadis"],
    )
    raw_scores: bool = Field(
        default=False, description="log-probabilities, whose softmax gives the probabilities"
    )
    truncate: bool | None = Field(
        default=None, description="cut a text that is too long for the model, else refuse it"
    )
    truncation_direction: Literal["Right", "right"] | None = None
    parameters: Parameters | None = Field(
        default=None,
        description="sent, if only empty, by clients of Hugging Face's hosted models, which "
        "expect a list of lists for one text too",
    )


class Score(BaseModel):
    """How much a label fits."""

    label: str
    score: float


class PredictResponse(RootModel[list[Score] | list[list[Score]]]):
    """Labels, the best first: of one text, or of each."""


class Classifier(BaseModel):
    """The labels of the model."""

    id2label: dict[str, str]
    label2id: dict[str, int]


class ModelType(BaseModel):
    """What kind of model serves."""

    classifier: Classifier


class Info(BaseModel):
    """What serves."""

    model_config = ConfigDict(protected_namespaces=())

    model_id: str
    model_sha: str = Field(description="the version of the model")
    model_dtype: str
    model_type: ModelType
    max_input_length: int
    max_client_batch_size: int = MAX_BATCH
    auto_truncate: bool = False
    version: str

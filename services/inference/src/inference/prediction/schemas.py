"""What is asked and answered about tweets."""

import uuid

from pydantic import BaseModel, ConfigDict, Field

from inference.problems import ProblemDocument

MAX_BATCH = 256
MAX_LABEL = 200
TRUNCATE = "cut a tweet that is too long for the model; false: refuse it"


class PredictRequest(BaseModel):
    """One tweet."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field(examples=["Three hours late and nobody says a word @AirParadis"])
    true_label: str | None = Field(
        default=None,
        max_length=MAX_LABEL,
        description="what the tweet really is, if known; counts as a verdict",
    )
    truncate: bool = Field(default=True, description=TRUNCATE)


class PredictionAnswer(BaseModel):
    """What the model says of one tweet."""

    model_config = ConfigDict(protected_namespaces=())

    id: uuid.UUID = Field(description="to be given with feedback")
    label: str
    probabilities: dict[str, float] = Field(description="calibrated; they add up to 1")
    uncertain: bool = Field(description="the best label is below the model's threshold")
    truncated: bool = Field(description="the tweet was too long for the model and was cut")
    token_count: int
    model_name: str
    model_version: str
    demonstration: bool = Field(description="the model was trained on the bundled sample")


class BatchRequest(BaseModel):
    """Several tweets."""

    model_config = ConfigDict(extra="forbid")

    texts: list[str] = Field(min_length=1, max_length=MAX_BATCH)
    truncate: bool = Field(default=True, description=TRUNCATE)


class BatchItem(BaseModel):
    """The answer to one of several tweets: a prediction, or why there is none."""

    index: int
    prediction: PredictionAnswer | None = None
    error: ProblemDocument | None = None


class BatchAnswer(BaseModel):
    """The answers to several tweets, in their order."""

    model_config = ConfigDict(protected_namespaces=())

    model_name: str
    model_version: str
    demonstration: bool
    results: list[BatchItem]

"""What the API says of the model that serves."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from contract.manifest import Precision, TrainingData
from inference.model.serving import FollowingState


class FollowingAnswer(BaseModel):
    """How far the model is in step with its source."""

    state: FollowingState
    last_error: str | None


class ModelAnswer(BaseModel):
    """The model that serves."""

    model_config = ConfigDict(protected_namespaces=())

    name: str
    version: str
    alias: str | None
    source: str
    precision: Precision
    fallback: str | None = Field(
        description="why the fp32 graph serves in place of the int8 one that the model has"
    )
    recipe: str
    family: str
    labels: list[str]
    languages: list[str]
    demonstration: bool = Field(description="trained on the bundled sample: not a product")
    metrics: dict[str, float | None] = Field(description="on the test split")
    training_data: TrainingData
    max_length: int = Field(description="longest text in ids; what is longer is cut")
    loaded_at: datetime
    following: FollowingAnswer

"""What the API says of the model that serves."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from contract.manifest import Precision, TrainingData
from inference.model.challenger import ChallengerMode, ChallengerState
from inference.model.serving import FollowingState


class HoldAnswer(BaseModel):
    """A rollback in force on this replica."""

    from_version: str
    to_version: str


class FollowingAnswer(BaseModel):
    """How far the model is in step with its source."""

    state: FollowingState
    last_error: str | None
    held: HoldAnswer | None = Field(
        description="a rollback, which ends when the alias names another version, or by a reload"
    )


class ChallengerAnswer(BaseModel):
    """The model that the alias `challenger` names."""

    mode: ChallengerMode = Field(
        description="shadow: computes copies of predictions; canary: answers requests"
    )
    share: float = Field(description="of the requests")
    state: ChallengerState = Field(
        description="how far it is in step with its alias; absent: no version has it; "
        "labels-differ or same-model: it is not asked, for that reason"
    )
    last_error: str | None
    name: str | None
    version: str | None
    precision: Precision | None


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
    previous_version: str | None = Field(description="what a rollback would return to")
    following: FollowingAnswer
    challenger: ChallengerAnswer | None = Field(description="null while CHALLENGER_MODE is off")

"""What the API says of tweets and of verdicts."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Judgement = Literal["confirmed", "rejected", "skipped"]
Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]


class Answer(BaseModel):
    """What every answer is: read once, never changed."""

    # "model_" would be a protected prefix in pydantic; here the API's own words come first.
    model_config = ConfigDict(frozen=True, protected_namespaces=(), allow_inf_nan=False)


class Prediction(Answer):
    """What the model says of one tweet."""

    id: str = Field(min_length=1)
    label: str
    probabilities: dict[str, Share]
    uncertain: bool
    truncated: bool
    token_count: int
    model_name: str
    model_version: str
    demonstration: bool

    @model_validator(mode="after")
    def _label_has_a_probability(self) -> Self:
        if self.label not in self.probabilities:
            raise ValueError("the label is not among the probabilities")
        return self


class WordWeight(Answer):
    """What one word, `text[start:end]` in code points, adds to the log-odds of a label."""

    start: Count
    end: Count
    weight: float


class Explanation(Prediction):
    """A prediction with a weight for each word, in the order of the text.

    Attributes:
        grouped: the text is long, so that neighbouring words share a weight.
    """

    explained_label: str
    words: tuple[WordWeight, ...]
    grouped: bool

    @model_validator(mode="after")
    def _words_follow_each_other(self) -> Self:
        at = 0
        for word in self.words:
            if not at <= word.start < word.end:
                raise ValueError("the words are not in the order of the text")
            at = word.end
        return self


class ItemError(Answer):
    """Why one of several tweets has no prediction."""

    type: str = ""
    title: str = ""
    detail: str = ""


class BatchItem(Answer):
    """The prediction of one of several tweets, or why there is none."""

    index: Count
    prediction: Prediction | None = None
    error: ItemError | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.prediction is None) == (self.error is None):
            raise ValueError("an item has either a prediction or an error")
        return self


class BatchAnswer(Answer):
    """The answers to several tweets, in their order."""

    results: tuple[BatchItem, ...]


class ModelInfo(Answer):
    """Which model answers."""

    name: str
    version: str
    recipe: str
    labels: tuple[str, ...]
    languages: tuple[str, ...]
    demonstration: bool


class Verdict(Answer):
    """What a person says of a prediction.

    Attributes:
        text: only with their consent to keep it.
        reviewer: their pseudonym.
        blind: whether they were not shown what the model says.
    """

    prediction_id: str
    verdict: Judgement
    corrected_label: str | None = None
    text: str | None = None
    reviewer: str | None = None
    blind: bool = False


class Receipt(Answer):
    """Proof that a verdict is stored; `revision` counts from 1 and grows when it changes."""

    prediction_id: str
    verdict: Judgement
    corrected_label: str | None = None
    revision: int = Field(ge=1)
    created_at: datetime
    text_kept: bool


class QueuedReceipt(Answer):
    """Proof that a verdict is on the service's disk, until the service can check and store it."""

    prediction_id: str
    verdict: Judgement
    corrected_label: str | None = None
    created_at: datetime
    queued: Literal[True]

"""What the API answers, as values. Members that a newer service adds are left out."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from radar_client.errors import RadarError

Verdict = Literal["confirmed", "rejected", "skipped"]


class _Answer(BaseModel):
    # "model_" would be a protected prefix in pydantic; here the API's own words come first.
    model_config = ConfigDict(frozen=True, protected_namespaces=())


class Prediction(_Answer):
    """What the model says of one tweet.

    Attributes:
        id: to be given with feedback.
        label: the most probable one.
        probabilities: of each label, calibrated; they add up to 1.
        uncertain: the label's is below the model's threshold.
        truncated: the tweet was too long for the model and was cut.
        token_count: ids that the model read.
        model_name: the model that answered.
        model_version: its version.
        demonstration: it was trained on the bundled sample.
    """

    id: UUID
    label: str
    probabilities: dict[str, float]
    uncertain: bool
    truncated: bool
    token_count: int
    model_name: str
    model_version: str
    demonstration: bool


class WordWeight(_Answer):
    """What one word adds to the log-odds; the word is `text[start:end]` of what was sent.

    Attributes:
        start: where it begins, in Unicode code points.
        end: where it has ended.
        weight: below 0 it speaks against the label.
    """

    start: int
    end: int
    weight: float


class Explanation(Prediction):
    """A prediction with what each word adds to it: `log_odds - base_log_odds` in all.

    Attributes:
        explained_label: the label that the weights are about.
        log_odds: natural logarithm of its probability over that of the others together.
        base_log_odds: the same, of a text without any word.
        words: in the order of the text.
        grouped: the text is long, and neighbouring words share a weight.
        exact: the weights are the Shapley values, not estimates of them.
        evaluated: texts that the service computed for this.
    """

    explained_label: str
    log_odds: float
    base_log_odds: float
    words: tuple[WordWeight, ...]
    grouped: bool
    exact: bool
    evaluated: int


@dataclass(frozen=True, slots=True)
class BatchItem:
    """What became of one of several tweets.

    Attributes:
        index: its place among those that were given.
        prediction: None where there is none.
        error: why there is none; a `ProblemError` of the tweet itself, or whatever the request
            failed with that it was part of.
    """

    index: int
    prediction: Prediction | None
    error: RadarError | None

    def require(self) -> Prediction:
        """The prediction.

        Raises:
            RadarError: there is none; says why.
        """
        if self.prediction is None:
            raise self.error or RadarError("there is no prediction")
        return self.prediction


class FeedbackReceipt(_Answer):
    """A verdict as the service keeps it.

    Attributes:
        revision: 1 for the first verdict on a prediction, one more for each change.
        text_kept: the tweet is kept for training.
    """

    prediction_id: UUID
    verdict: Verdict
    corrected_label: str | None
    revision: int
    created_at: datetime
    text_kept: bool
    queued: Literal[False] = False


class QueuedFeedback(_Answer):
    """A verdict that the service keeps on its disk until its store is back and can check it.

    Attributes:
        unchecked: what is not checked yet.
    """

    prediction_id: UUID
    verdict: Verdict
    corrected_label: str | None
    created_at: datetime
    queued: Literal[True]
    unchecked: tuple[str, ...]


class Following(_Answer):
    """How far the model is in step with its source."""

    state: str
    last_error: str | None


class ModelInfo(_Answer):
    """The model that serves.

    Attributes:
        demonstration: it was trained on the bundled sample.
        metrics: on its test split; None where a figure is not defined.
        max_length: longest tweet in ids; what is longer is cut.
    """

    name: str
    version: str
    alias: str | None
    source: str
    precision: str
    recipe: str
    family: str
    labels: tuple[str, ...]
    languages: tuple[str, ...]
    demonstration: bool
    metrics: dict[str, float | None]
    max_length: int
    loaded_at: datetime
    following: Following


class Health(_Answer):
    """Whether the service can answer now.

    Attributes:
        ready: it just made a prediction, and its store answered.
        detail: what it lacks if it is not; empty if it is.
        model_name: the model that serves, if it is ready.
        model_version: its version.
    """

    ready: bool
    detail: str = ""
    model_name: str | None = None
    model_version: str | None = None

"""Drift over HTTP."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from inference.drift.comparison import State


class WindowOut(BaseModel):
    """Texts that were counted."""

    model_config = ConfigDict(populate_by_name=True)

    source: Literal["first", "recorded", "asked"] = Field(
        description="the version's first texts, a file recorded for it, or the time asked for"
    )
    from_: datetime | None = Field(alias="from", description="null if there are none")
    to: datetime | None
    texts: int
    needed: int = Field(description="texts without which nothing is compared")


class BinOut(BaseModel):
    """A value of a feature, with its smoothed share of both windows."""

    name: str
    reference: float
    current: float


class FeatureOut(BaseModel):
    """How one feature changed."""

    feature: str = Field(
        description="label, confidence, length in tokens, pieces (tokens for each word), unknown "
        "(share of terms the model does not know), language, or words (in 64 buckets)"
    )
    state: State = Field(
        description="steady: chance explains it; small: it does not, but the change is too small "
        "to act upon; drifted"
    )
    stability_index: float = Field(description="population stability index")
    by_chance: float = Field(description="what that would be on average without drift")
    jensen_shannon: float = Field(description="Jensen-Shannon divergence in bits, 0 to 1")
    p_value: float = Field(
        description="chance of as much without drift in any of the features: below 0.01 it counts"
    )
    bins: list[BinOut]


class ClassifierOut(BaseModel):
    """A classifier that tries to tell the windows apart."""

    state: State
    auc: float = Field(
        description="area under its ROC curve, on groups of texts it was not trained on; 0.5: "
        "it cannot"
    )
    p_value: float


class DriftAnswer(BaseModel):
    """A model version's traffic, compared with what it was."""

    model_config = ConfigDict(protected_namespaces=())

    state: Literal["too-few", "steady", "drifted"]
    model_name: str | None = Field(description="null before any text was counted")
    model_version: str | None
    reference: WindowOut
    current: WindowOut
    drifted: list[str] = Field(description="features, and `classifier`")
    level: float = Field(description="share of windows without drift that are called drifted")
    features: list[FeatureOut] = Field(description="empty if there are too few texts")
    classifier: ClassifierOut | None

"""Quality over HTTP."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field


class Share(BaseModel):
    """A share of cases, with the interval of 95 % that it lies in."""

    value: float | None = Field(description="null if there is no case")
    low: float | None
    high: float | None
    total: int = Field(description="cases")


class JudgedOut(BaseModel):
    """What people said of some predictions in one way; of each, what they said last counts."""

    accuracy: Share = Field(description="confirmed ones among those confirmed or rejected")
    confidence: float | None = Field(
        description="mean probability of their labels; far from the accuracy if confidences are off"
    )
    without_label: int = Field(
        description="rejected without saying what is right: they count for accuracy and precision, "
        "and for no recall, which is an upper estimate where there are many"
    )
    skipped: int = Field(
        description="nobody could say; they are in no other figure. With audits also those that "
        "were judged with the model's answer on show alone, and so are among `volunteered`"
    )
    if_skipped_were_wrong: float | None = Field(
        description="the accuracy had all skipped ones been wrong; null without judged and skipped"
    )
    if_skipped_were_right: float | None = Field(description="the same had all of them been right")


class LabelOut(BaseModel):
    """Precision and recall of a label."""

    label: str
    precision: Share = Field(description="of those predicted to be this, confirmed ones")
    recall: Share = Field(description="of those known to be this, those predicted to be")


class CellOut(BaseModel):
    """A cell of the confusion table."""

    predicted: str
    actual: str | None = Field(description="null if it was rejected without saying what is right")
    count: int


class JudgedLabels(BaseModel):
    """Figures for each label."""

    labels: list[LabelOut]
    confusion: list[CellOut]


class SliceOut(BaseModel):
    """Some of the predictions."""

    name: str = Field(description="a version, a language's code (empty if not known), or a day")
    predictions: int
    marked: int = Field(description="those drawn for a random audit")
    audits: JudgedOut = Field(
        description="drawn at random and judged blind, so right for all of them on average"
    )
    volunteered: JudgedOut = Field(
        description="all other verdicts, on what those who judged chose: mostly what was wrong, so "
        "usually too low"
    )
    expected: Share = Field(
        description="accuracy that the model's own confidences promise, without any verdict"
    )


class LatencyOut(BaseModel):
    """Seconds that single predictions took, in the process that answers this, since it started."""

    requests: int
    p50: float | None
    p95: float | None
    p99: float | None


class QualityAnswer(BaseModel):
    """How good the predictions of a time were."""

    model_config = ConfigDict(protected_namespaces=(), populate_by_name=True)

    from_: datetime = Field(alias="from")
    to: datetime
    model_version: str | None = Field(description="null for all of them")
    language: str | None = Field(description="null for all of them")
    total: SliceOut
    versions: list[SliceOut] = Field(description="named NAME/VERSION")
    languages: list[SliceOut]
    days: list[SliceOut] = Field(description="in UTC, named YYYY-MM-DD")
    audits: JudgedLabels
    volunteered: JudgedLabels
    latency: LatencyOut

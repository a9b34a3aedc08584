"""What the radar is told, and what it shows."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from inference.problems import ProblemDocument
from inference.radar.detection.monitor import Chart

MAX_MENTIONS = 256
MAX_NAME = 64
MAX_REACH = 10**12
MAX_ID = 200

Name = Annotated[str, Field(max_length=MAX_NAME), AfterValidator(lambda name: name.strip())]


class MentionIn(BaseModel):
    """Something that was said of an airline."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field(examples=["Three hours late and nobody says a word @AirParadis"])
    created_at: str = Field(
        max_length=MAX_NAME,
        description="when it was written: ISO 8601, `2015-02-24 11:35:52 -0800`, or "
        "`Mon Apr 06 22:19:45 PDT 2009`; without a zone, UTC",
        examples=["2026-02-03T04:05:06Z"],
    )
    airline: Name = Field(default="", description="whom it is about")
    topic: Name = Field(default="", description="what it is about, where that is known")
    author: str = Field(
        default="",
        max_length=MAX_ID,
        description="a pseudonym, of which a sketch is kept to count authors",
    )
    reach: int = Field(default=0, ge=0, le=MAX_REACH, description="people it may have reached")
    id: str = Field(
        default="",
        max_length=MAX_ID,
        description="the source's identifier; without one, text, time and author together are",
    )


class MentionsRequest(BaseModel):
    """One or many mentions."""

    model_config = ConfigDict(extra="forbid")

    mentions: list[MentionIn] = Field(min_length=1, max_length=MAX_MENTIONS)


class RefusedMention(BaseModel):
    """A mention that was not counted, and why."""

    index: int
    error: ProblemDocument


class MentionsAnswer(BaseModel):
    """What became of the mentions; sending them again changes nothing."""

    counted: int
    known: int = Field(description="that had been counted before, or stand twice in the request")
    late: int = Field(description="older than what the radar keeps, hence not counted")
    refused: list[RefusedMention]


class RadarPoint(BaseModel):
    """A bucket of the series."""

    start: datetime
    mentions: int
    negatives: int = Field(description="mentions that the model labels negative")
    negative_sum: float = Field(description="sum of the calibrated probabilities of being negative")
    reach: int
    expected: float | None = Field(description="negatives expected; null while the radar learns")
    low: int | None = Field(description="lower end of the expected band")
    high: int | None = Field(description="upper end of the expected band")
    share: float | None = Field(description="negative_sum divided by mentions")
    expected_share: float | None = Field(description="usual share of negatives among mentions")


class DriverOut(BaseModel):
    """A word or a topic that an episode has more of than usual."""

    kind: Literal["word", "topic"]
    name: str
    score: float = Field(description="standard deviations above the usual log-odds")
    count: int = Field(description="negative mentions of the episode's hours that have it")
    usual_count: int = Field(description="the same at all other times")
    ratio: float = Field(description="its odds, divided by the usual ones")


class SampleOut(BaseModel):
    """A negative mention, redacted; kept as STORE_TEXT allows."""

    created_at: datetime
    airline: str
    text: str
    negative: float


class EpisodeOut(BaseModel):
    """A surge of negative mentions."""

    start: datetime
    alarm: datetime = Field(description="when it was seen")
    peak: datetime = Field(description="its bucket that is furthest above what is expected")
    end: datetime | None = Field(description="null while it goes on")
    charts: list[Chart] = Field(description="what raised the alarm")
    negatives: int
    expected: float = Field(description="negatives expected meanwhile")
    ratio: float = Field(description="strength: negatives divided by those expected")
    score: float = Field(
        description="strength: log-likelihood ratio of its counts, at the ratio and as usual"
    )
    share: float = Field(description="negatives among its mentions")
    expected_share: float
    settled: bool = Field(description="it lasted until it was taken for the new normal")
    drivers: list[DriverOut]
    samples: list[SampleOut]


class BurstOut(BaseModel):
    """A stretch that is intense in hindsight, by Kleinberg's two states."""

    start: datetime
    end: datetime
    weight: float


class RadarAnswer(BaseModel):
    """Series and episodes of an airline, or of all of them together."""

    airline: str | None
    airlines: list[str]
    bucket_seconds: int
    from_: datetime | None = Field(alias="from", description="null while there is no mention")
    to: datetime | None
    band: float = Field(description="share of usual buckets that lie within the expected band")
    false_alarms_per_day: float = Field(description="the budget that thresholds are made for")
    points: list[RadarPoint]
    episodes: list[EpisodeOut]
    bursts: list[BurstOut]


def moment(minute: int) -> datetime:
    """When a minute, numbered from the beginning of 1970, begins."""
    return datetime.fromtimestamp(60 * minute, UTC)

"""What the API says of the radar."""

from typing import Annotated

from pydantic import AwareDatetime, Field

from frontend.api.answers import Answer, Count, Share


class Point(Answer):
    """What was said within one bucket of time; nothing is expected while the radar learns."""

    start: AwareDatetime
    mentions: Count
    negatives: Count
    negative_sum: Annotated[float, Field(ge=0)]
    expected: Annotated[float, Field(ge=0)] | None
    low: Count | None
    high: Count | None
    expected_share: Share | None


class Driver(Answer):
    """A word or a topic that a surge has more of than usual; `ratio` compares the odds."""

    kind: str
    name: str
    score: float
    count: Count
    usual_count: Count
    ratio: float


class Sample(Answer):
    """A negative tweet of a surge, where texts are kept."""

    created_at: AwareDatetime
    airline: str
    text: str
    negative: Share


class Episode(Answer):
    """A surge of negative tweets; `end` is None while it goes on.

    Attributes:
        ratio: negatives divided by those expected.
        settled: it lasted until it counts as usual.
    """

    start: AwareDatetime
    alarm: AwareDatetime
    peak: AwareDatetime
    end: AwareDatetime | None
    negatives: Count
    expected: float
    ratio: float
    share: Share
    expected_share: Share
    settled: bool
    drivers: tuple[Driver, ...]
    samples: tuple[Sample, ...]


class Radar(Answer):
    """Series and surges of one airline, or of all together; without mentions no time is known."""

    airline: str | None
    airlines: tuple[str, ...]
    bucket_seconds: Annotated[int, Field(gt=0)]
    from_: AwareDatetime | None = Field(alias="from")
    to: AwareDatetime | None
    band: Share
    points: tuple[Point, ...]
    episodes: tuple[Episode, ...]

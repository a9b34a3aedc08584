"""What the API says of its own answers."""

from typing import Annotated

from pydantic import AwareDatetime, Field

from frontend.api.answers import Answer, Count, Share

Seconds = Annotated[float, Field(ge=0)]


class Rate(Answer):
    """A share of cases with its 95 % interval; all None where there is no case."""

    value: Share | None
    low: Share | None
    high: Share | None
    total: Count


class Judged(Answer):
    """How many of some predictions people confirmed.

    Attributes:
        skipped: those of which nobody could say whether they are right; not in `accuracy`.
        if_skipped_were_wrong: the share of right ones had all of those been wrong.
        if_skipped_were_right: the same had all of them been right.
    """

    accuracy: Rate
    skipped: Count
    if_skipped_were_wrong: Share | None
    if_skipped_were_right: Share | None


class LabelRates(Answer):
    """Precision and recall of a label."""

    label: str
    precision: Rate
    recall: Rate


class Cell(Answer):
    """A cell of the confusion table; `actual` is None where nobody said what is right."""

    predicted: str
    actual: str | None
    count: Count


class JudgedLabels(Answer):
    """Figures for each label."""

    labels: tuple[LabelRates, ...]
    confusion: tuple[Cell, ...]


class Slice(Answer):
    """Some of the predictions.

    Attributes:
        name: a version, a language's code, or a day as YYYY-MM-DD.
        audits: verdicts on predictions drawn at random.
        volunteered: verdicts on those that people chose.
        expected: accuracy that the model's own confidences promise.
    """

    name: str
    predictions: Count
    audits: Judged
    volunteered: Judged
    expected: Rate


class Latency(Answer):
    """Seconds that single predictions took."""

    requests: Count
    p50: Seconds | None
    p95: Seconds | None
    p99: Seconds | None


class Quality(Answer):
    """How good the predictions of a time were."""

    from_: AwareDatetime = Field(alias="from")
    to: AwareDatetime
    total: Slice
    versions: tuple[Slice, ...]
    languages: tuple[Slice, ...]
    days: tuple[Slice, ...]
    audits: JudgedLabels
    volunteered: JudgedLabels
    latency: Latency

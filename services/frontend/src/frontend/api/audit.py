"""What the API would have people judge next."""

from typing import Literal

from pydantic import AwareDatetime, Field

from frontend.api.answers import Answer, Share


class AuditItem(Answer):
    """A prediction that nobody has judged.

    Attributes:
        text: redacted; None where texts are not kept.
        confidence: the label's probability.
    """

    prediction_id: str = Field(min_length=1)
    drawn: str
    created_at: AwareDatetime
    text: str | None
    label: str
    confidence: Share
    probabilities: dict[str, Share]


class AuditPage(Answer):
    """Some predictions to judge next; `next` leads to those that follow, if there are any."""

    items: tuple[AuditItem, ...]
    next: str | None
    texts_kept: Literal["none", "audit", "all"]

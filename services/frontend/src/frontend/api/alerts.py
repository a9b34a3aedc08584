"""What the API says of alerts."""

from typing import Any, Literal

from pydantic import AwareDatetime, Field

from frontend.api.answers import Answer


class Alert(Answer):
    """Something that needs somebody.

    Attributes:
        kind: the rule that found it.
        key: what it found it about: `api`, an airline, a model.
        summary: one line in English.
        details: the figures behind it.
        acknowledged_by: pseudonym of whoever looks after it, if one was given.
        acknowledged_key: name of the access key under which that was said, if there was one.
        resolved_by: likewise; `system` where its condition went away.
    """

    id: str = Field(min_length=1)
    kind: str
    key: str
    state: Literal["open", "acknowledged", "resolved"]
    summary: str
    details: dict[str, Any]
    opened_at: AwareDatetime
    last_seen_at: AwareDatetime
    acknowledged_at: AwareDatetime | None
    acknowledged_by: str | None
    acknowledged_key: str | None
    resolved_at: AwareDatetime | None
    resolved_by: str | None
    resolved_key: str | None


class Alerts(Answer):
    """Alerts, the newest first."""

    items: tuple[Alert, ...]

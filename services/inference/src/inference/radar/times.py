"""When a mention was written, in the forms that its sources have."""

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

MONTHS: Final = {
    name: number
    for number, name in enumerate(
        "jan feb mar apr may jun jul aug sep oct nov dec".split(), start=1
    )
}
ZONES: Final = {
    "UTC": 0, "GMT": 0, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6,
    "PST": -8, "PDT": -7, "CET": 1, "CEST": 2,
}  # fmt: skip
"""Hours ahead of UTC. Abbreviations are ambiguous; this is what files of tweets mean by them."""
TWITTER: Final = re.compile(
    r"[A-Za-z]{3} (?P<month>[A-Za-z]{3}) (?P<day>\d{1,2}) (?P<time>\d\d:\d\d:\d\d) "
    r"(?P<zone>[A-Z]{3,4}|[+-]\d{4}) (?P<year>\d{4})"
)
AHEAD: Final = timedelta(minutes=10)
"""How far clocks may differ: a mention from later than this would date the radar itself."""
FORMS: Final = "2026-02-03T04:05:06Z, 2015-02-24 11:35:52 -0800, or Mon Apr 06 22:19:45 PDT 2009"


def parse_time(text: str) -> datetime:
    """A moment, in UTC; one without a zone is taken to be UTC already.

    Args:
        text: ISO 8601; `2015-02-24 11:35:52 -0800` as in the airline file; or
            `Mon Apr 06 22:19:45 PDT 2009` as in Sentiment140, where Twitter's own form has
            `+0000` for the zone.

    Raises:
        ValueError: it is none of these; the message says which are.
    """
    text = text.strip()
    try:
        if found := TWITTER.fullmatch(text):
            moment = _twitter(found)
        else:
            # A space before the offset is all that keeps the airline file from ISO 8601.
            moment = datetime.fromisoformat(re.sub(r" (?=[+-]\d\d:?\d\d$)", "", text))
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return moment.astimezone(UTC)
    except (ValueError, KeyError, OverflowError):
        raise ValueError(f"is no time such as {FORMS}") from None


def parse_past_time(text: str) -> datetime:
    """When something was written: a moment as `parse_time` has it, that is no later than now.

    Raises:
        ValueError: it is no time, or one that lies more than `AHEAD` in the future; the message
            says how to mend it.
    """
    moment = parse_time(text)
    if moment > datetime.now(UTC) + AHEAD:
        raise ValueError(
            "lies in the future: give the time of writing; one without a zone is taken to be UTC"
        )
    return moment


def _twitter(found: re.Match[str]) -> datetime:
    zone = found["zone"]
    if zone in ZONES:
        offset = timedelta(hours=ZONES[zone])
    else:
        offset = timedelta(hours=int(zone[:3]), minutes=int(zone[0] + zone[3:]))
    hours, minutes, seconds = map(int, found["time"].split(":"))
    return datetime(
        int(found["year"]), MONTHS[found["month"].lower()], int(found["day"]),
        hours, minutes, seconds, tzinfo=timezone(offset),
    )  # fmt: skip

"""Filling the page: the sample as if it had been said during the last two weeks."""

import csv
import http.client
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from .health import post

PART = 64
"""Mentions in a request, few enough for BERT on a busy laptop to score within its time."""
TRIES = 20
BUSY = frozenset({http.client.TOO_MANY_REQUESTS, http.client.SERVICE_UNAVAILABLE})
UNSURE = frozenset({0, http.client.GATEWAY_TIMEOUT})
"""After these nobody knows whether the request took effect, so only mentions are sent again."""
JUDGED_SHARE = 2 / 3
"""Of the test rows; the others wait for a verdict."""

Pause = Callable[[], None]


class ReplayError(Exception):
    """The API did not take a part of the sample."""


@dataclass(frozen=True)
class Tweet:
    """A row of the sample.

    Attributes:
        held_out: belongs to the test split, which no model was trained on.
    """

    text: str
    label: str
    user: str
    airline: str
    created_at: datetime
    held_out: bool


def read_sample(path: Path) -> list[Tweet]:
    """The rows of the sample, in its order."""
    with path.open(encoding="utf-8", newline="") as file:
        return [
            Tweet(
                row["text"],
                row["label"],
                row["user"],
                row["airline"],
                datetime.fromisoformat(row["created_at"]),
                row["split"] == "test",
            )
            for row in csv.DictReader(file)
        ]


def mentions(tweets: Sequence[Tweet], now: datetime) -> list[dict[str, Any]]:
    """The tweets as the radar takes them, moved by whole days so that the last is of today.

    Whole days, since what is usual depends on the time of day.
    """
    shift = timedelta(days=(now - max(tweet.created_at for tweet in tweets)).days)
    return [
        {
            "id": f"sample-{place}",
            "text": tweet.text,
            "created_at": (tweet.created_at + shift).isoformat(),
            "airline": tweet.airline,
            "author": tweet.user,
        }
        for place, tweet in enumerate(tweets)
    ]


def predictions(tweets: Sequence[Tweet]) -> list[dict[str, Any]]:
    """Requests for the held-out tweets, most of them with the true label, which is a verdict."""
    held_out = [tweet for tweet in tweets if tweet.held_out]
    judged = round(JUDGED_SHARE * len(held_out))
    return [
        {"text": tweet.text} | ({"true_label": tweet.label} if place < judged else {})
        for place, tweet in enumerate(held_out)
    ]


def replay(port: int, tweets: Sequence[Tweet], pause: Pause) -> None:
    """Tell the API of the tweets; what it has been told before changes nothing in the radar.

    Args:
        port: the API's.
        tweets: the sample.
        pause: called between requests; may raise to end the replay.

    Raises:
        ReplayError: the API does not take a part.
    """
    told = mentions(tweets, datetime.now(UTC))
    for part in _parts(told):
        _send(port, "/v1/radar/mentions", {"mentions": part}, pause, again=BUSY | UNSURE)
    for request in predictions(tweets):
        _send(port, "/v1/predict", request, pause, again=BUSY)


def _parts(items: Sequence[dict[str, Any]]) -> Iterator[Sequence[dict[str, Any]]]:
    return (items[at : at + PART] for at in range(0, len(items), PART))


def _send(
    port: int, path: str, document: dict[str, Any], pause: Pause, *, again: frozenset[int]
) -> None:
    status = 0
    for _ in range(TRIES):
        pause()
        status, _ = post(port, path, json.dumps(document).encode())
        if status == http.client.OK:
            return
        if status not in again:
            break
    raise ReplayError(f"{path} answered {status or 'nothing'}")

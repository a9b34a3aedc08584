"""Any number of tweets as requests that the API takes."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from radar_client.answers import BatchItem, Prediction
from radar_client.calls import as_json, read_as
from radar_client.errors import AnswerError, RadarError
from radar_client.exchange import Call, Reply, Steps, exchange, problem_of
from radar_client.retries import Policy

MAX_TEXTS = 256
"""What one request may hold: the API's own bound."""
MAX_BYTES = 512 * 1024
"""Bytes of a request's tweets: half of the API's default bound, whose admission takes a request
for half of its room at most. A longer tweet goes alone."""


@dataclass(frozen=True, slots=True)
class Group:
    """The tweets of one request.

    Attributes:
        first: place of its first tweet among all.
        texts: the tweets.
    """

    first: int
    texts: Sequence[str]


def groups_of(texts: Iterable[str]) -> Iterator[Group]:
    """Cut tweets into groups for one request each, in order.

    Raises:
        TypeError: one text is given, whose letters would each be a tweet.
    """
    if isinstance(texts, str):
        raise TypeError("give several texts, such as [text]; for one there is predict")
    first, held, size = 0, list[str](), 0
    for text in texts:
        added = len(as_json(text)) + 1
        if held and (len(held) == MAX_TEXTS or size + added > MAX_BYTES):
            yield Group(first, held)
            first, held, size = first + len(held), [], 0
        held.append(text)
        size += added
    if held:
        yield Group(first, held)


class Batch:
    """The steps of each group, and what one group's failure means for those after it."""

    def __init__(self, policy: Policy, *, truncate: bool) -> None:
        """Prepare.

        Args:
            policy: how patiently each request is made.
            truncate: cut a tweet that is too long for the model; else it is refused.
        """
        self._policy = policy
        self._truncate = truncate
        self._ended: RadarError | None = None

    def steps(self, group: Group) -> Steps[list[BatchItem]]:
        """The items of a group; of a request that failed, each item has the request's error."""
        if self._ended is None:
            try:
                return (yield from exchange(self._call(group), self._policy))
            except RadarError as failed:
                error = failed
            if error.ends_run:
                self._ended = error
        else:
            error = self._ended
        return [BatchItem(group.first + at, None, error) for at in range(len(group.texts))]

    def _call(self, group: Group) -> Call[list[BatchItem]]:
        def read(reply: Reply, request_id: str) -> list[BatchItem]:
            return _items(group, reply, request_id)

        content = as_json({"texts": group.texts, "truncate": self._truncate})
        return Call("POST", "/v1/predict/batch", read, content)


class _Item(BaseModel):
    index: int
    prediction: Prediction | None = None
    error: dict[str, Any] | None = None


class _Answer(BaseModel):
    results: list[_Item]


def _items(group: Group, reply: Reply, request_id: str) -> list[BatchItem]:
    results = read_as(_Answer, reply, request_id).results
    if [item.index for item in results] != list(range(len(group.texts))):
        raise AnswerError(
            f"{len(group.texts)} tweets were sent and {len(results)} answered",
            request_id=request_id,
        )
    request_id = reply.headers.get("x-request-id", request_id)
    return [
        BatchItem(group.first + item.index, item.prediction, _error_of(item, request_id))
        for item in results
    ]


def _error_of(item: _Item, request_id: str) -> RadarError | None:
    if item.prediction is not None:
        return None
    status = (item.error or {}).get("status")
    if not isinstance(status, int):
        return AnswerError("neither a prediction nor an error came back", request_id=request_id)
    return problem_of(item.error, status=status, request_id=request_id)

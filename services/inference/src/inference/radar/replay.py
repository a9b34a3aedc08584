"""Counting the mentions of a file, as fast as they can be scored or at a multiple of their time."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

from contract.bundle import Bundle
from inference.radar.mentions import NEGATIVE, Mention, ScoredMention
from inference.radar.recorder import Recorder

BLOCK = 512
"""Mentions that are scored and committed together; a kill loses no more, and nothing is counted
twice by the next run."""
WAIT_SECONDS = 1.0
"""Longest time for which mentions that are due wait for others to be scored with."""

Item = TypeVar("Item")


@dataclass
class Tally:
    """What became of the mentions so far."""

    counted: int = 0
    known: int = 0
    late: int = 0

    def add(self, other: "Tally") -> None:
        """Add what became of others."""
        self.counted += other.counted
        self.known += other.known
        self.late += other.late


def count(
    mentions: Sequence[Mention],
    answers: Callable[[Sequence[Mention]], Iterable[tuple[str, float]]],
    recorder: Recorder,
) -> Tally:
    """Count those of some mentions that are new, in one transaction.

    Args:
        mentions: some of a file.
        answers: the label of each of those that are new, and its probability of being negative.
        recorder: counts them.

    Raises:
        ServiceError: the store does not answer. None of them was counted then.
    """
    found = recorder.sort(mentions)
    counted = 0
    if found.new:
        said = answers([mention for mention, _ in found.new])
        counted = recorder.record(
            [
                ScoredMention(mention, identity, label, negative)
                for (mention, identity), (label, negative) in zip(found.new, said, strict=True)
            ]
        )
    return Tally(counted, found.known + len(found.new) - counted, found.late)


def replay(
    mentions: Iterable[Mention],
    bundle: Bundle,
    recorder: Recorder,
    *,
    speed: float | None = None,
    report: Callable[[int], None] = lambda _: None,
) -> Tally:
    """Score and count mentions.

    Args:
        mentions: oldest first.
        bundle: scores them.
        recorder: counts them.
        speed: seconds of their time that pass in a second; None: as fast as they are scored.
        report: called after each block, with the mentions in it.

    Raises:
        ServiceError: the store does not answer. What was counted stays; the same again goes on.
    """

    def answers(new: Sequence[Mention]) -> list[tuple[str, float]]:
        said = bundle.predict([mention.text for mention in new])
        return [(item.label, item.probabilities[NEGATIVE]) for item in said]

    tally = Tally()
    for block in blocks_of(mentions) if speed is None else _paced(mentions, speed):
        tally.add(count(block, answers, recorder))
        report(len(block))
    return tally


def blocks_of(mentions: Iterable[Item]) -> Iterator[Sequence[Item]]:
    """What is counted together, `BLOCK` at a time."""
    rest = iter(mentions)
    while block := list(islice(rest, BLOCK)):
        yield block


def _paced(mentions: Iterable[Mention], speed: float) -> Iterator[Sequence[Mention]]:
    """Blocks of mentions, each when its time has come."""
    block: list[Mention] = []
    began = first = None
    sent = time.monotonic()
    for mention in mentions:
        written = mention.created_at.timestamp()
        if began is None or first is None:
            began, first = time.monotonic(), written
        due = began + (written - first) / speed
        while (now := time.monotonic()) < due or len(block) >= BLOCK:
            if block and (len(block) >= BLOCK or min(due, sent + WAIT_SECONDS) <= now):
                yield block
                block, sent = [], time.monotonic()
            elif block and due > sent + WAIT_SECONDS:
                time.sleep(max(0.0, sent + WAIT_SECONDS - now))
            else:
                time.sleep(max(0.0, due - now))
        block.append(mention)
    if block:
        yield block

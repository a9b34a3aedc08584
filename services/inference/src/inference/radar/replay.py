"""Counting the mentions of a file, as fast as they can be scored or at a multiple of their time."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from contract.bundle import Bundle
from inference.radar.mentions import NEGATIVE, Mention, ScoredMention
from inference.radar.recorder import Recorder

BLOCK = 512
"""Mentions that are scored and committed together; a kill loses no more, and nothing is counted
twice by the next run."""
WAIT_SECONDS = 1.0
"""Longest time for which mentions that are due wait for others to be scored with."""


@dataclass
class Tally:
    """What became of the mentions so far."""

    counted: int = 0
    known: int = 0
    late: int = 0


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
    tally = Tally()
    for block in _blocks(mentions) if speed is None else _paced(mentions, speed):
        found = recorder.sort(block)
        counted = 0
        if found.new:
            predictions = bundle.predict([mention.text for mention, _ in found.new])
            counted = recorder.record(
                [
                    ScoredMention(mention, identity, said.label, said.probabilities[NEGATIVE])
                    for (mention, identity), said in zip(found.new, predictions, strict=True)
                ]
            )
        tally.counted += counted
        tally.known += found.known + len(found.new) - counted
        tally.late += found.late
        report(len(block))
    return tally


def _blocks(mentions: Iterable[Mention]) -> Iterator[Sequence[Mention]]:
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

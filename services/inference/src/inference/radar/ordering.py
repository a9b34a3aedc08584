"""Sorting more mentions than fit into memory, by the time they were written."""

import heapq
import pickle
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from typing import IO, Final

from inference.radar.mentions import Mention

RUN: Final = 20_000
"""Mentions that are sorted in memory at once."""


def by_time(mentions: Iterable[Mention], *, run: int = RUN) -> Iterator[Mention]:
    """Mentions, oldest first; those of the same moment in the order they came.

    Runs are sorted in memory and put aside into unnamed temporary files, which vanish with the
    process however it ends; then they are merged (Knuth, The Art of Computer Programming, 5.4).

    Args:
        mentions: in any order.
        run: how many to have in memory at once.
    """
    with ExitStack() as stack:
        runs: list[IO[bytes]] = []
        held: list[Mention] = []

        def put_aside() -> None:
            held.sort(key=_time)
            file = stack.enter_context(tempfile.TemporaryFile(prefix="radar-"))
            for mention in held:
                pickle.dump(mention, file, pickle.HIGHEST_PROTOCOL)
            file.seek(0)
            runs.append(file)
            held.clear()

        for mention in mentions:
            held.append(mention)
            if len(held) >= run:
                put_aside()
        held.sort(key=_time)
        yield from heapq.merge(*map(_read, runs), held, key=_time)


def _time(mention: Mention) -> float:
    return mention.created_at.timestamp()


def _read(file: IO[bytes]) -> Iterator[Mention]:
    while True:
        try:
            yield pickle.load(file)
        except EOFError:
            return

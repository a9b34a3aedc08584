"""Sorting more mentions than fit into memory, by the time they were written."""

import heapq
import pickle
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from typing import IO, Any, Final, TypeVar

from inference.radar.mentions import Mention

RUN: Final = 20_000
"""Items that are sorted in memory at once."""
MOST_RUNS: Final = 64
"""Files of one size before they are merged to one: far fewer than a process may have open."""

Item = TypeVar("Item")


def by_time(
    mentions: Iterable[Mention], *, run: int = RUN, most_runs: int = MOST_RUNS
) -> Iterator[Mention]:
    """Mentions, oldest first; see `in_order`."""
    return in_order(mentions, time_of, run=run, most_runs=most_runs)


def time_of(mention: Mention) -> float:
    """When a mention was written, in seconds from the beginning of 1970."""
    return mention.created_at.timestamp()


def in_order(
    items: Iterable[Item],
    key: Callable[[Item], float],
    *,
    run: int = RUN,
    most_runs: int = MOST_RUNS,
) -> Iterator[Item]:
    """Items by a key, those of the same key in the order they came.

    Runs are sorted in memory and put aside into unnamed temporary files, which vanish with the
    process however it ends; then they are merged (Knuth, The Art of Computer Programming, 5.4).

    Args:
        items: in any order.
        key: the least comes first.
        run: how many to have in memory at once.
        most_runs: files that are merged at once.
    """
    with ExitStack() as stack:
        levels: list[list[IO[bytes]]] = []
        held: list[Item] = []

        def put_aside(ordered: Iterable[Item], level: int) -> None:
            file = stack.enter_context(tempfile.TemporaryFile(prefix="radar-"))
            for item in ordered:
                pickle.dump(item, file, pickle.HIGHEST_PROTOCOL)
            file.seek(0)
            if level == len(levels):
                levels.append([])
            levels[level].append(file)
            if len(levels[level]) == most_runs:
                full, levels[level] = levels[level], []
                put_aside(heapq.merge(*map(_read, full), key=key), level + 1)
                for merged in full:
                    merged.close()

        for item in items:
            held.append(item)
            if len(held) >= run:
                put_aside(sorted(held, key=key), 0)
                held.clear()
        # What was merged before came before: of equal keys, the first file's comes first.
        files = [file for level in reversed(levels) for file in level]
        yield from heapq.merge(*map(_read, files), sorted(held, key=key), key=key)


def _read(file: IO[bytes]) -> Iterator[Any]:
    while True:
        try:
            yield pickle.load(file)
        except EOFError:
            return

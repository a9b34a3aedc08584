"""Counts bucket by bucket, without gaps, and where each bucket lies in the day and the week."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

DAY_SECONDS: Final = 86_400
DEFAULT_BUCKET_SECONDS: Final = 300
LOOK_SECONDS: Final = 60
SILENT_HOURS: Final = 24
"""A stretch this long without a single mention is no data, rather than a very quiet day."""

Counts = NDArray[np.int64]
Reals = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Series:
    """Mentions and negative ones among them, in consecutive buckets of several looks each.

    Attributes:
        first: number of the first bucket: its Unix time divided by the bucket's length.
        mentions: `[buckets]`.
        looks: negatives of each bucket up to the end of each of its looks `[buckets, looks]`.
        bucket_seconds: a bucket's length; divides an hour.
        looks_over: looks of the last bucket that are over; all of them where it is over too.
    """

    first: int
    mentions: Counts
    looks: Counts
    bucket_seconds: int
    looks_over: int

    @classmethod
    def from_looks(
        cls,
        counts: Mapping[int, tuple[int, int]],
        *,
        until: int | None = None,
        bucket_seconds: int = DEFAULT_BUCKET_SECONDS,
        look_seconds: int = LOOK_SECONDS,
    ) -> "Series":
        """Fill the gaps with zeros.

        Args:
            counts: mentions and negatives of each look, by its number: its Unix time divided by
                its length.
            until: number of the first look that is not over; without it, the last bucket that has
                any mention is over.
            bucket_seconds: a bucket's length.
            look_seconds: a look's length; divides a bucket's.
        """
        each = bucket_seconds // look_seconds
        numbers = np.array([at for at in counts if until is None or at < until], np.int64)
        if not len(numbers):
            return cls(
                0, np.zeros(0, np.int64), np.zeros((0, each), np.int64), bucket_seconds, each
            )
        first, last = int(numbers.min()) // each, int(numbers.max()) // each
        if until is not None:
            last = (until - 1) // each
        found = np.zeros((2, (last + 1 - first) * each), np.int64)
        found[:, numbers - first * each] = np.array([counts[int(at)] for at in numbers]).T
        over = each if until is None else (until - 1) % each + 1
        return cls(
            first,
            found[0].reshape(-1, each).sum(axis=1),
            found[1].reshape(-1, each).cumsum(axis=1),
            bucket_seconds,
            over,
        )

    def __len__(self) -> int:
        return len(self.mentions)

    @property
    def negatives(self) -> Counts:
        """Negatives of the buckets `[buckets]`."""
        return self.looks[:, -1]

    @property
    def complete(self) -> int:
        """Buckets that are over."""
        return len(self) - int(self.looks_over < self.looks.shape[1])

    @property
    def per_day(self) -> int:
        """Buckets of a day."""
        return DAY_SECONDS // self.bucket_seconds

    @property
    def numbers(self) -> Counts:
        """The buckets' numbers `[buckets]`."""
        return np.arange(self.first, self.first + len(self))

    def silent(self) -> Flags:
        """Which buckets lie in a stretch without any mention of `SILENT_HOURS` or more."""
        shortest = SILENT_HOURS * 3_600 // self.bucket_seconds
        quiet = np.concatenate(([False], self.mentions == 0, [False]))
        edges = np.flatnonzero(quiet[1:] != quiet[:-1])
        silent = np.zeros(len(self), np.bool_)
        for start, end in zip(edges[::2], edges[1::2], strict=True):
            if end - start >= shortest:
                silent[start:end] = True
        return silent

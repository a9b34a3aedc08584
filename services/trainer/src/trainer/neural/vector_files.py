"""Word vectors in text form, as GloVe, word2vec and fastText publish them."""

import gzip
import math
from collections.abc import Collection
from pathlib import Path

import numpy as np

from trainer.errors import TrainerError
from trainer.neural.vectors import VectorTable
from trainer.progress import Progress

LINES_AT_ONCE = 10_000
MAX_WIDTH = 4_096


def read_vector_file(
    path: Path, wanted: Collection[str], first: int, progress: Progress
) -> VectorTable:
    """Read the vectors that are of use here; every line is checked.

    A line is a word and its numbers, between single spaces. A line of two whole numbers at the very
    beginning is word2vec's header. A word may hold spaces itself, as a few in GloVe's largest file
    do, and the first of two lines of the same word counts.

    Args:
        path: UTF-8 text, compressed if its name ends in `.gz`.
        wanted: words to keep wherever they stand.
        first: that many words at the beginning are kept too; such files begin with the frequent
            ones.
        progress: told of the lines read.

    Raises:
        TrainerError: the file cannot be read, or a line is not of that form; the message has its
            number.
    """
    index: dict[str, int] = {}
    rows: list[np.ndarray] = []
    width = 0
    number = 0
    progress.start(f"read {path.name}", 1)
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                if number % LINES_AT_ONCE == 0:
                    progress.advance(0, f"{number:,} lines")
                fields = line.decode("utf-8").rstrip().split(" ")
                if number == 1 and len(fields) == 2 and all(map(str.isdecimal, fields)):
                    continue
                if not width:
                    width = _width(fields)
                word, vector = _parsed(fields, width)
                if word not in index and (word in wanted or len(index) < first):
                    index[word] = len(rows)
                    rows.append(vector)
    except ValueError as error:  # UnicodeDecodeError is one
        raise TrainerError(f"{path}, line {number}: {_reason(error)}") from error
    except (OSError, EOFError) as error:
        raise TrainerError(f"the vectors {path} cannot be read: {error}") from error
    if not rows:
        raise TrainerError(f"{path} holds no vector")
    progress.advance(1, f"{number:,} lines")
    return VectorTable(path.name, index, np.stack(rows))


def _width(fields: list[str]) -> int:
    width = len(fields) - 1
    if not 1 < width <= MAX_WIDTH:
        raise ValueError(f"{width} numbers after the word: give 2 to {MAX_WIDTH}, between spaces")
    return width


def _parsed(fields: list[str], width: int) -> tuple[str, np.ndarray]:
    word = " ".join(fields[:-width])
    if not word:
        raise ValueError(f"{len(fields) - 1} numbers after the word, not {width} as before")
    try:
        numbers = [float(field) for field in fields[-width:]]
    except ValueError:
        raise ValueError(
            f"the {width} fields after the word {word!r} are not all numbers"
        ) from None
    if not math.isfinite(sum(numbers)):
        raise ValueError(f"the vector of {word!r} is not finite")
    return word, np.asarray(numbers, np.float32)


def _reason(error: ValueError) -> str:
    return "not UTF-8 text" if isinstance(error, UnicodeDecodeError) else str(error)

"""Counting the texts of a file, to be what a model version's traffic is compared with."""

import gzip
import random
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from io import BufferedReader
from pathlib import Path
from typing import Any, Final, cast

from contract.bundle import Bundle
from contract.errors import TextRefusedError
from contract.text.pipeline import refuse_lone_surrogates
from inference.bulk.errors import DamagedInputError
from inference.bulk.rows import ColumnOptions, Refused, Row
from inference.bulk.text_rows import delimited_rows, json_rows
from inference.drift.features import GROUP_TEXTS, counts_of
from inference.drift.repository import MOST_GROUPS, RECORDED, Version, group_row
from inference.drift.sampling import observe
from inference.language import guess_language

MOST_TEXTS: Final = MOST_GROUPS * GROUP_TEXTS
GZIP_MAGIC: Final = b"\x1f\x8b"
HEAD_BYTES: Final = 1 << 16
TEXTS_AT_ONCE: Final = 50 * GROUP_TEXTS
_SEED: Final = 0
"""The same file gives the same reference."""


def sample_texts(path: Path, columns: ColumnOptions) -> tuple[list[str], int]:
    """Texts of a file in random order, at most `MOST_TEXTS`, each as likely as any other.

    By reservoir sampling (Vitter 1985, algorithm R), so a file of any size fits, and one that is
    sorted by label gives groups that are alike.

    Args:
        path: CSV, TSV or JSON Lines, with gzip or without.
        columns: where the texts are.

    Returns:
        The texts, and how many rows had none that can be used.

    Raises:
        DamagedInputError: it cannot be read, or has no such column.
    """
    dice = random.Random(_SEED)
    kept: list[str] = []
    seen = refused = 0
    for row in _rows(path, columns):
        if isinstance(row, Refused) or not _is_usable(row.text):
            refused += 1
            continue
        seen += 1
        if len(kept) < MOST_TEXTS:
            kept.append(row.text)
        elif (place := dice.randrange(seen)) < MOST_TEXTS:
            kept[place] = row.text
    dice.shuffle(kept)
    return kept, refused


def reference_rows(
    bundle: Bundle, version: Version, texts: list[str], report: Callable[[int], None]
) -> list[dict[str, Any]]:
    """Predict texts, and count them in groups; the last ones are left out if they fill no group.

    Args:
        bundle: the model.
        version: its name and version.
        texts: valid Unicode, in random order.
        report: told how many texts are done.
    """
    now = datetime.now(UTC)
    rows: list[dict[str, Any]] = []
    for start in range(0, len(texts), TEXTS_AT_ONCE):
        part = texts[start : start + TEXTS_AT_ONCE]
        observed = [
            observe(bundle.encoder, text, prediction, guess_language(text))
            for text, prediction in zip(part, bundle.predict(part), strict=True)
        ]
        for at in range(0, len(observed) - GROUP_TEXTS + 1, GROUP_TEXTS):
            counts = counts_of(observed[at : at + GROUP_TEXTS])
            names = version.model_name, version.model_version
            rows.append(group_row(*names, RECORDED, now, counts))
        report(start + len(part))
    return rows


def _rows(path: Path, columns: ColumnOptions) -> Iterator[Row | Refused]:
    try:
        with path.open("rb") as raw:
            stream = raw
            if raw.peek(2).startswith(GZIP_MAGIC):
                stream = BufferedReader(cast(Any, gzip.GzipFile(fileobj=raw)), HEAD_BYTES)
            head = stream.peek(HEAD_BYTES)
            if head.lstrip().startswith(b"{"):
                yield from json_rows(stream, columns, str(path))
            else:
                yield from delimited_rows(stream, head, columns, str(path))
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise DamagedInputError(str(path), f"cannot be read: {reason}") from None


def _is_usable(text: str) -> bool:
    try:
        refuse_lone_surrogates(text)
    except TextRefusedError:
        return False
    return bool(text.strip())

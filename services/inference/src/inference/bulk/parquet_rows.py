"""Rows of a Parquet file, a batch at a time."""

from collections.abc import Callable, Iterator
from typing import IO

import pyarrow as pa
import pyarrow.parquet as pq

from inference.bulk.addresses import BUFFER_BYTES
from inference.bulk.errors import DamagedInputError
from inference.bulk.rows import ColumnOptions, Refused, Row

ROWS_PER_BATCH = 4_096


def parquet_rows(
    stream: IO[bytes], columns: ColumnOptions, address: str, report: Callable[[float], None]
) -> Iterator[Row | Refused]:
    """Rows of a Parquet file.

    Args:
        stream: the file, seekable.
        columns: where texts and ids are.
        address: of the file.
        report: is told now and then which share of the rows was read.

    Raises:
        DamagedInputError: it is damaged, has no such columns, or no texts in them.
    """
    try:
        # Column chunks are read in pieces: memory must not grow with the size of row groups.
        file = pq.ParquetFile(stream, pre_buffer=False, buffer_size=BUFFER_BYTES)
        names = file.schema_arrow.names
        text_place, id_place = columns.find(address, names)
        kind = file.schema_arrow.field(text_place).type
        if not _holds_text(kind):
            raise DamagedInputError(address, f"has {kind} in {columns.text!r}, not texts")
        wanted = [names[place] for place in {text_place, id_place} if place is not None]
        rows, line = file.metadata.num_rows, 0
        for batch in file.iter_batches(ROWS_PER_BATCH, columns=wanted, use_threads=False):
            texts = batch.column(names[text_place]).cast(pa.string()).to_pylist()
            ids: list[str | None] = [None] * len(texts)
            if id_place is not None:
                ids = batch.column(names[id_place]).cast(pa.string()).to_pylist()
            for row_id, text in zip(ids, texts, strict=True):
                line += 1
                if text is None:
                    yield Refused(line, f"no text in {columns.text!r}")
                else:
                    yield Row(line, row_id, text)
            report(line / rows)
    except (pa.ArrowException, UnicodeDecodeError) as error:
        said = " ".join(str(error).split())[:200]
        raise DamagedInputError(
            address, f"is damaged or cut short: {said}; fetch it again"
        ) from error


def _holds_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )

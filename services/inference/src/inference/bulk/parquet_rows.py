"""Rows of a Parquet file, a batch at a time."""

from collections.abc import Callable, Iterator, Sequence
from typing import IO

import pyarrow as pa
import pyarrow.parquet as pq

from inference.bulk.addresses import BUFFER_BYTES
from inference.bulk.errors import DamagedInputError
from inference.bulk.rows import ColumnOptions, Refused, Row

ROWS_PER_BATCH = 4_096


def parquet_rows(
    stream: IO[bytes],
    columns: ColumnOptions,
    address: str,
    report: Callable[[float], None],
    beside: Sequence[str] = (),
) -> Iterator[Row | Refused]:
    """Rows of a Parquet file.

    Args:
        stream: the file, seekable.
        columns: where texts and ids are.
        address: of the file.
        report: is told now and then which share of the rows was read.
        beside: further columns whose values are wanted, as text.

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
        others = [name for name in beside if name in names]
        for name in others:
            if pa.types.is_nested(file.schema_arrow.field(name).type):
                raise DamagedInputError(address, f"has lists or records in {name!r}, not values")
        found = {names[place] for place in (text_place, id_place) if place is not None}
        wanted = sorted(found | set(others))
        rows, line = file.metadata.num_rows, 0
        for batch in file.iter_batches(ROWS_PER_BATCH, columns=wanted, use_threads=False):
            values = {name: batch.column(name).cast(pa.string()).to_pylist() for name in wanted}
            texts = values[names[text_place]]
            ids = [None] * len(texts) if id_place is None else values[names[id_place]]
            for place, (row_id, text) in enumerate(zip(ids, texts, strict=True)):
                line += 1
                if text is None:
                    yield Refused(line, f"no text in {columns.text!r}")
                    continue
                given = {name: values[name][place] for name in others}
                yield Row(line, row_id, text, {name: one for name, one in given.items() if one})
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

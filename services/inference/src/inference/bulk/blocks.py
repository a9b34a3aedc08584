"""Cutting the input into blocks whose bounds depend on nothing but the input.

So a second run finds the blocks of the first, and one machine makes those of a cluster. Within a
block texts are sorted by length, which is why it is large.
"""

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, field

from pydantic import BaseModel, ConfigDict

from contract.errors import TextRefusedError
from contract.text.pipeline import refuse_lone_surrogates
from inference.bulk.addresses import InputFile
from inference.bulk.errors import DamagedInputError
from inference.bulk.reading import RowReader
from inference.bulk.rows import ColumnOptions, Refused, Row

BLOCK_ROWS = 8_192
BLOCK_CHARACTERS = 8_000_000
"""A block ends here even if it has fewer rows, so that long texts do not fill the memory."""
PART_BYTES = 64 << 20


class CuttingOptions(BaseModel):
    """How rows are read and cut.

    Attributes:
        columns: where texts and ids are.
        block_rows: rows of a block, those included that cannot be scored.
        max_characters: longer texts are refused.
    """

    model_config = ConfigDict(frozen=True)

    columns: ColumnOptions = ColumnOptions()
    block_rows: int = BLOCK_ROWS
    max_characters: int = 10_000


@dataclass(frozen=True)
class Part:
    """Files that are read one after the other, and cut as one."""

    number: int
    files: tuple[InputFile, ...]


@dataclass(frozen=True)
class RefusedRow:
    """A row that cannot be scored, as the side file says it."""

    file: str
    line: int
    reason: str


@dataclass
class Block:
    """Rows that are scored and written together.

    Attributes:
        name: unlike that of any other block; names sort as the blocks follow each other.
        ids: of the texts, `[texts]`.
        texts: to score, `[texts]`; empty if the block was finished before.
        refused: rows that cannot be scored.
        rows: number of texts.
        bytes_read: of the input, as it is stored.
        finished: whether a run before this one has written it.
    """

    name: str
    ids: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    refused: list[RefusedRow] = field(default_factory=list)
    rows: int = 0
    bytes_read: int = 0
    finished: bool = False


def parts_of(files: Sequence[InputFile]) -> list[Part]:
    """Group files: small neighbours share a part, since each part ends with an unfilled block."""
    parts: list[Part] = []
    group: list[InputFile] = []
    for file in files:
        if group and sum(item.size for item in group) + file.size > PART_BYTES:
            parts.append(Part(len(parts), tuple(group)))
            group = []
        group.append(file)
    if group:
        parts.append(Part(len(parts), tuple(group)))
    return parts


def read_blocks(
    part: Part, options: CuttingOptions, finished: Set[str]
) -> Iterator[Block | DamagedInputError]:
    """Every block of a part, in order.

    A file that cannot be read to its end comes as an error, after the blocks that were full
    before: nothing is read behind it, since the bounds there depend on it.

    Args:
        part: the files.
        options: how to cut.
        finished: names of blocks whose texts are not needed.
    """
    cutter = _Cutter(part.number, options, finished)
    for file in part.files:
        reader = RowReader(file, options.columns)
        try:
            for row in reader:
                cutter.add(file, row)
                if cutter.is_full:
                    yield cutter.cut(reader.bytes_read)
        except DamagedInputError as error:
            yield error
            return
        cutter.file_ended(file)
    if cutter.rows:
        yield cutter.cut(0)


class _Cutter:
    def __init__(self, part: int, options: CuttingOptions, finished: Set[str]) -> None:
        self._part, self._options, self._finished = part, options, finished
        self._number = self._reported = self._before = 0
        self._begin()

    @property
    def is_full(self) -> bool:
        return self.rows >= self._options.block_rows or self._characters >= BLOCK_CHARACTERS

    def add(self, file: InputFile, row: Row | Refused) -> None:
        self.rows += 1
        if isinstance(row, Row):
            reason = refusal_of(row.text, self._options.max_characters)
            if not reason:
                self._characters += len(row.text)
                block = self._block
                block.rows += 1
                if not block.finished:
                    block.ids.append(id_of(file, row))
                    block.texts.append(row.text)
                return
        else:
            reason = row.reason
        self._block.refused.append(RefusedRow(file.address, row.line, reason))

    def file_ended(self, file: InputFile) -> None:
        self._before += file.size

    def cut(self, position: int) -> Block:
        """End the block; `position` is that in the file being read."""
        block = self._block
        block.bytes_read = self._before + position - self._reported
        self._reported += block.bytes_read
        self._begin()
        return block

    def _begin(self) -> None:
        name = f"{self._part:05}-{self._number:06}"
        self._block = Block(name, finished=name in self._finished)
        self._number += 1
        self.rows = self._characters = 0


def id_of(file: InputFile, row: Row) -> str:
    """What a row is called in the answers."""
    return f"{file.name}:{row.line}" if row.id is None else row.id


def refusal_of(text: str, max_characters: int) -> str:
    """Why a text cannot be scored; empty where it can."""
    if len(text) > max_characters:
        return f"the text has {len(text)} characters; at most {max_characters} are read"
    try:
        refuse_lone_surrogates(text)
    except TextRefusedError:
        return "the text is not valid Unicode"
    return ""

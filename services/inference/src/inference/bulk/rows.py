"""What is read from input files: rows to score, and rows that cannot be."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import BaseModel, ConfigDict

from inference.bulk.errors import DamagedInputError

ID_COLUMN, TEXT_COLUMN = "id", "text"
SHOWN_COLUMNS = 20


class ColumnOptions(BaseModel):
    """Where rows have their text and their id.

    Attributes:
        text: name of the column of texts; without a header its number from 1.
        id: that of ids; None: `id` where there is such a column. Rows without one are called
            `FILE:LINE`.
        header: whether delimited files name their columns in their first record.
        quotes: whether double quotes in delimited files protect what is between them.
        encoding: of text files.
    """

    model_config = ConfigDict(frozen=True)

    text: str = TEXT_COLUMN
    id: str | None = None
    header: bool = True
    quotes: bool = True
    encoding: str = "utf-8"

    def find(self, address: str, names: list[str]) -> tuple[int, int | None]:
        """The places of texts and ids among the columns of a file.

        Raises:
            DamagedInputError: the file lacks one of them; the message lists those it has.
        """
        for wanted in (self.text, self.id):
            if wanted is not None and wanted not in names:
                shown = ", ".join(repr(name[:30]) for name in names[:SHOWN_COLUMNS])
                raise DamagedInputError(
                    address,
                    f"has no column {wanted!r} (it has {shown}): name the columns with "
                    "--text-column and --id-column, or say --no-header and give their numbers",
                )
        wanted_id = self.id or (ID_COLUMN if ID_COLUMN in names else None)
        return names.index(self.text), None if wanted_id is None else names.index(wanted_id)


@dataclass(frozen=True, slots=True)
class Row:
    """One text.

    Attributes:
        line: that it begins at, from 1; in Parquet files its row.
        id: as its column gives it; None where there is none.
        text: to score.
        beside: values of the further columns that were asked for, by name, where it has them.
    """

    line: int
    id: str | None
    text: str
    beside: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Refused:
    """One row that cannot be scored, and why; never with its text."""

    line: int
    reason: str

"""What was scored, as mentions with their answers: rows read once more, beside the output."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from inference.bulk.addresses import InputFile
from inference.bulk.blocks import Part, RefusedRow, id_of, refusal_of
from inference.bulk.errors import BulkError, DamagedInputError
from inference.bulk.manifest import ScoringManifest
from inference.bulk.output import Output
from inference.bulk.reading import RowReader
from inference.bulk.rows import TEXT_COLUMN, ColumnOptions, Row
from inference.radar.mentions import NEGATIVE, Mention
from inference.radar.rows import COLUMNS, BadRow, mention_of

MAPPED = tuple(name for name in COLUMNS if name not in ("text", "id"))
"""What a mention has beside text and id, for which scoring has options of its own."""


@dataclass(frozen=True)
class MentionColumns:
    """Where rows say what a mention needs.

    Attributes:
        named: columns of some of `MAPPED`; the others are found by the names in `COLUMNS`.
        airline: whom rows are about that do not say it.
    """

    named: Mapping[str, str]
    airline: str = ""

    @classmethod
    def parse(cls, given: Sequence[str], airline: str) -> "MentionColumns":
        """Read columns as the command line gives them, `FIELD=COLUMN`.

        Raises:
            BulkError: one is not of this form.
        """
        named = {}
        for item in given:
            field, _, column = item.partition("=")
            if field not in MAPPED or not column:
                raise BulkError(
                    f"--radar-column {item}: must be FIELD=COLUMN, FIELD one of {', '.join(MAPPED)}"
                )
            named[field] = column
        return cls(named, airline)

    def names(self, columns: ColumnOptions) -> dict[str, tuple[str, ...]]:
        """The names that a file may have for each part of a mention but its text."""
        named = {field: (column,) for field, column in self.named.items()}
        if columns.id is not None:
            named["id"] = (columns.id,)
        return {field: some for field, some in COLUMNS.items() if field != "text"} | named

    def check(self, file: InputFile, columns: ColumnOptions) -> None:
        """Refuse a file whose first row does not say when it was written.

        Raises:
            DamagedInputError: it lacks the column, or another one that was named.
        """
        names = self.names(columns)
        for row in islice(RowReader(file, columns, _all(names)), 1):
            for field in dict.fromkeys(("created_at", *self.named)):
                if isinstance(row, Row) and not any(name in row.beside for name in names[field]):
                    raise DamagedInputError(
                        file.address,
                        f"has no column {' or '.join(names[field])}, or no value there in its "
                        f"first row: name it with --radar-column {field}=COLUMN",
                    )


@dataclass(frozen=True, slots=True)
class AnsweredMention:
    """A mention and what the model said of it.

    Attributes:
        mention: what was said.
        label: the model's.
        negative: calibrated probability of `negative`.
    """

    mention: Mention
    label: str
    negative: float


def answered_mentions(
    output: Output, manifest: ScoringManifest, parts: Sequence[Part], columns: MentionColumns
) -> Iterator[AnsweredMention | RefusedRow]:
    """Every scored row as a mention with its answer, or why it is none.

    Args:
        output: finished.
        manifest: what it was made from.
        parts: the files, as they were cut.
        columns: where rows say what a mention needs.

    Raises:
        BulkError: a file cannot be read, or has other rows than those that were scored.
    """
    cutting = manifest.cutting
    names = columns.names(cutting.columns)
    beside = _all(names)
    all_names = names | {"text": (TEXT_COLUMN,)}
    for part in parts:
        answers = output.answers(part.number, manifest.output_format, NEGATIVE)
        for file in part.files:
            for row in RowReader(file, cutting.columns, beside):
                if not isinstance(row, Row) or refusal_of(row.text, cutting.max_characters):
                    continue
                answer = next(answers, None)
                if answer is None or answer.id != id_of(file, row):
                    raise BulkError(
                        f"{file.address}, line {row.line}: {output.address} answers another row "
                        "here: put back what was scored, or give another --output"
                    )
                values = {**row.beside, TEXT_COLUMN: row.text}
                found = mention_of(row.line, values, airline=columns.airline, columns=all_names)
                if isinstance(found, BadRow):
                    yield RefusedRow(file.address, found.line, found.reason)
                else:
                    yield AnsweredMention(found, answer.label, answer.probability)


def _all(names: Mapping[str, tuple[str, ...]]) -> list[str]:
    return sorted({name for some in names.values() for name in some})

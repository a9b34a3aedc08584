"""What a visitor has uploaded, and how far it is."""

from dataclasses import dataclass

from frontend.batch.job import Job
from frontend.batch.reading import Table, read
from frontend.batch.refusal import FileRefusedError


@dataclass
class Upload:
    """A file: refused, read, or on its way through the API.

    Attributes:
        name: the file's.
        table: what it holds, unless it was refused.
        refusal: why it was.
        job: its scoring, once that was asked for.
    """

    name: str
    table: Table | None = None
    refusal: FileRefusedError | None = None
    job: Job | None = None

    @classmethod
    def of(cls, name: str, content: bytes) -> "Upload":
        """Read a file; never fails."""
        try:
            return cls(name, table=read(name, content))
        except FileRefusedError as refusal:
            return cls(name, refusal=refusal)

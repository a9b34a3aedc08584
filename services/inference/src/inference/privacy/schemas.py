"""What is erased, and what is said of it."""

from pydantic import BaseModel, ConfigDict, Field


class ErasureRequest(BaseModel):
    """A text of which nothing shall be left."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field(description="as it was sent; more or less white space makes no difference")


class ErasureAnswer(BaseModel):
    """What was erased. Asking again erases what is left, and finds nothing where nothing is."""

    erased: dict[str, int] = Field(
        description="rows by table, without those where there was none; `backlog` are verdicts "
        "that waited on the disk"
    )
    scrubbed: bool = Field(
        description="their bytes are gone from the SQLite files too; false: another process is in "
        "the way, and it is tried again every few seconds"
    )

"""What is erased, and what is said of it."""

from pydantic import BaseModel, ConfigDict, Field

from inference.radar.schemas import MAX_ID


class ErasureRequest(BaseModel):
    """A text, or else a mention, of which nothing shall be left."""

    model_config = ConfigDict(extra="forbid")

    text: str | None = Field(
        default=None, description="as it was sent; more or less white space makes no difference"
    )
    mention_id: str | None = Field(
        default=None,
        max_length=MAX_ID,
        description="the `id` that a mention was sent with: its source's, such as of a tweet that "
        "its author deleted",
    )


class ErasureAnswer(BaseModel):
    """What was erased. Asking again erases what is left, and finds nothing where nothing is."""

    erased: dict[str, int] = Field(
        description="rows by table, without those where there was none; `backlog` are verdicts "
        "that waited on the disk"
    )
    scrubbed: bool = Field(
        description="their bytes are gone from the SQLite files too; false: another process is in "
        "the way, or a large file was written anew just before, and it is done as soon as possible"
    )

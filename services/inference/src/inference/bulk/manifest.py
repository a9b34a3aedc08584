"""What an output was made from: only the same again may be added to it."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from inference.bulk.addresses import InputFile
from inference.bulk.blocks import CuttingOptions
from inference.bulk.errors import BulkError
from inference.bulk.model import ModelIdentity

OutputFormat = Literal["parquet", "csv"]


class ScoringManifest(BaseModel):
    """`scoring.json` of an output.

    Attributes:
        model: what scores.
        cutting: how the input is read and cut.
        output_format: of the files of answers.
        inputs: the files.
        parts: how many of them, in order, each part has.
        damaged: addresses that could not be read to their end; these may be replaced.
        finished: whether all is there.
        rows: texts scored; 0 until all is there.
        refused: rows that could not be scored; likewise.
    """

    model_config = ConfigDict(extra="forbid")

    format_version: Literal[1] = 1
    model: ModelIdentity
    cutting: CuttingOptions
    output_format: OutputFormat
    inputs: tuple[InputFile, ...]
    parts: tuple[int, ...]
    damaged: tuple[str, ...] = ()
    finished: bool = False
    rows: int = 0
    refused: int = 0

    @classmethod
    def parse(cls, content: bytes, where: str) -> Self:
        """Read what an output says of itself.

        Raises:
            BulkError: it is not of this form.
        """
        try:
            return cls.model_validate_json(content)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            place = ".".join(map(str, first["loc"])) or "it"
            raise BulkError(
                f"{where} was not written by this version ({place}: {first['msg']}): "
                "give another --output"
            ) from None

    def require_same(self, other: "ScoringManifest", where: str) -> None:
        """Refuse to go on with an output that was begun otherwise.

        Args:
            other: what is asked for now.
            where: the output.

        Raises:
            BulkError: model, settings or input differ; the message names the first difference.
        """
        if self.model != other.model:
            mine, theirs = self.model, other.model
            raise BulkError(
                f"{where} was begun with {mine.name} version {mine.version} ({mine.precision}), "
                f"now it is version {theirs.version} ({theirs.precision}): "
                "name that model, or give another --output"
            )
        if (self.cutting, self.output_format) != (other.cutting, other.output_format):
            raise BulkError(
                f"{where} was begun with other options ({_differences(self, other)}): "
                "give the same ones, or another --output"
            )
        if [item.address for item in self.inputs] != [item.address for item in other.inputs]:
            raise BulkError(
                f"{where} was begun with other input files, {len(self.inputs)} of them: "
                "give the same ones, or another --output"
            )
        for file in changed(self, other):
            if file not in self.damaged:
                raise BulkError(
                    f"{file} changed since {where} was begun: put it back, or give another --output"
                )


def changed(before: ScoringManifest, now: ScoringManifest) -> list[str]:
    """Addresses of files whose content is not what it was."""
    return [old.address for old, new in zip(before.inputs, now.inputs, strict=True) if old != new]


def _differences(before: ScoringManifest, now: ScoringManifest) -> str:
    def settings(manifest: ScoringManifest) -> dict[str, object]:
        cutting = manifest.cutting.model_dump()
        columns = cutting.pop("columns")
        return {**cutting, **columns, "output_format": manifest.output_format}

    old, new = settings(before), settings(now)
    return ", ".join(
        f"{name.replace('_', ' ')} {value}, now {new[name]}"
        for name, value in old.items()
        if value != new[name]
    )

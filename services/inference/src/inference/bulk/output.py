"""The folder of answers: a file for each block, there whole or not at all."""

import contextlib
import fcntl
import io
import json
import os
import uuid
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
from fsspec.implementations.local import LocalFileSystem

from inference.bulk.addresses import open_filesystem
from inference.bulk.blocks import RefusedRow
from inference.bulk.errors import BulkError
from inference.bulk.manifest import OutputFormat, ScoringManifest
from inference.bulk.scoring import ScoredBlock

MANIFEST, LOCK = "scoring.json", ".lock"
SCORES, REFUSED_PARTS, REFUSED = "scores", "refused", "refused.jsonl"
UNCOUNTED = "uncounted.jsonl"
TEMPORARY = ".tmp-"


class OutputError(BulkError):
    """The output cannot be read or written; what is finished is kept."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was said of one row.

    Attributes:
        id: of the row.
        label: the model's.
        probability: calibrated, of the label that was asked about.
    """

    id: str
    label: str
    probability: float


class Output:
    """A folder of answers, on this machine or in an object store."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._filesystem, self._root = open_filesystem(address)
        self._is_local = isinstance(self._filesystem, LocalFileSystem)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Keep another process out; an object store cannot.

        Raises:
            BulkError: another one is at it, or the folder cannot be made.
        """
        with contextlib.ExitStack() as stack:
            with self._failures():
                for name in ("", SCORES, REFUSED_PARTS):
                    self._filesystem.makedirs(f"{self._root}/{name}", exist_ok=True)
                if self._is_local:
                    lock = stack.enter_context(Path(self._root, LOCK).open("w"))
            if self._is_local:
                try:
                    # The system gives it back however this process ends.
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    raise BulkError(
                        f"{self.address} is being written by another process: wait for it"
                    ) from None
                self._remove_temporary()
            yield

    def read_manifest(self) -> ScoringManifest | None:
        """What the output says of itself; None if it is new.

        Raises:
            BulkError: it cannot be read, or there are files of something else.
        """
        with self._failures():
            try:
                content = self._filesystem.cat_file(f"{self._root}/{MANIFEST}")
            except FileNotFoundError:
                return None
        return ScoringManifest.parse(content, f"{self.address}/{MANIFEST}")

    def write_manifest(self, manifest: ScoringManifest) -> None:
        """Say what the output is made from.

        Raises:
            BulkError: it cannot be written.
        """
        self._put(MANIFEST, (manifest.model_dump_json(indent=2) + "\n").encode())

    def finished_blocks(self) -> frozenset[str]:
        """Names of the blocks that are there.

        Raises:
            BulkError: the output cannot be read.
        """
        return frozenset(name.partition(".")[0] for name in self._names(SCORES))

    def write_block(self, block: ScoredBlock, output_format: OutputFormat) -> None:
        """Add a block. Its answers come last: they say that all of it is there.

        Raises:
            BulkError: it cannot be written; nothing of it counts then.
        """
        if block.table is None:
            return
        if block.refused:
            self._put(f"{REFUSED_PARTS}/{block.name}.jsonl", _json_lines(block.refused))
        buffer = io.BytesIO()
        if output_format == "parquet":
            pa.parquet.write_table(block.table, buffer, compression="zstd")
        else:
            pa.csv.write_csv(block.table, buffer)
        self._put(f"{SCORES}/{block.name}.{output_format}", buffer.getvalue())

    def answers(self, part: int, output_format: OutputFormat, about: str) -> Iterator[Answer]:
        """The answers of a part, in order, a block in memory at a time.

        Args:
            part: its number.
            output_format: of the answers.
            about: label whose probability is wanted.

        Raises:
            BulkError: the output cannot be read.
        """
        columns = ["id", "label", f"p_{about}"]
        for name in self._names(SCORES):
            if not name.startswith(f"{part:05}-"):
                continue
            with self._failures():
                content = self._filesystem.cat_file(f"{self._root}/{SCORES}/{name}")
            try:
                if output_format == "parquet":
                    table = pa.parquet.read_table(pa.BufferReader(content), columns=columns)
                else:
                    types = dict(
                        zip(columns, (pa.string(), pa.string(), pa.float32()), strict=True)
                    )
                    table = pa.csv.read_csv(
                        pa.BufferReader(content),
                        parse_options=pa.csv.ParseOptions(newlines_in_values=True),
                        convert_options=pa.csv.ConvertOptions(
                            include_columns=columns, column_types=types
                        ),
                    )
            except pa.ArrowException as error:
                raise BulkError(
                    f"{self.address}/{SCORES}/{name} is damaged: put it back, or give another "
                    "--output"
                ) from error
            yield from map(Answer, *(table.column(column).to_pylist() for column in columns))

    @contextlib.contextmanager
    def uncounted_rows(self) -> Iterator[Callable[[RefusedRow], None]]:
        """A side file of rows that were scored and not counted, in place of that of a run before.

        Yields:
            What adds a row; without any there is no file.

        Raises:
            BulkError: the output cannot be written.
        """
        file: Any = None
        with self._failures(), contextlib.ExitStack() as stack:

            def add(row: RefusedRow) -> None:
                nonlocal file
                with self._failures():
                    if file is None:
                        file = stack.enter_context(self._writing(UNCOUNTED))
                    file.write(_json_lines([row]))

            yield add
        if file is None:
            self._remove(UNCOUNTED)

    def discard_part(self, part: int) -> None:
        """Remove the blocks of a part, which is to be read anew.

        Raises:
            BulkError: the output cannot be written.
        """
        for folder in (SCORES, REFUSED_PARTS):
            for name in self._names(folder):
                if name.startswith(f"{part:05}-"):
                    self._remove(f"{folder}/{name}")

    def finish(self, manifest: ScoringManifest) -> None:
        """Join the refused rows of all blocks to one side file, and say that all is there.

        Raises:
            BulkError: the output cannot be written.
        """
        parts = self._names(REFUSED_PARTS)
        if parts:
            with self._failures(), self._writing(REFUSED) as file:
                for name in parts:
                    file.write(self._filesystem.cat_file(f"{self._root}/{REFUSED_PARTS}/{name}"))
        self.write_manifest(manifest)
        self.tidy()

    def tidy(self) -> None:
        """Remove what a finished output does not need."""
        for name in self._names(REFUSED_PARTS):
            self._remove(f"{REFUSED_PARTS}/{name}")
        if self._is_local:
            with contextlib.suppress(FileNotFoundError):
                Path(self._root, REFUSED_PARTS).rmdir()

    def _put(self, name: str, content: bytes) -> None:
        with self._failures(), self._writing(name) as file:
            file.write(content)

    @contextlib.contextmanager
    def _writing(self, name: str) -> Iterator[Any]:
        """A file that has its name once all of it is written."""
        if not self._is_local:
            with self._filesystem.open(f"{self._root}/{name}", "wb") as file:
                yield file  # object stores show an object once it is whole
            return
        target = Path(self._root, name)
        temporary = target.with_name(f"{TEMPORARY}{uuid.uuid4().hex}")
        try:
            with temporary.open("wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)

    def _names(self, folder: str) -> list[str]:
        with self._failures():
            try:
                found = self._filesystem.ls(f"{self._root}/{folder}", detail=False)
            except FileNotFoundError:
                return []
        names = (str(path).rsplit("/", 1)[-1] for path in found)
        return sorted(name for name in names if name and not name.startswith("."))

    def _remove(self, name: str) -> None:
        with self._failures(), contextlib.suppress(FileNotFoundError):
            self._filesystem.rm_file(f"{self._root}/{name}")

    def _remove_temporary(self) -> None:
        """What a kill left behind; nobody else writes here now."""
        for path in Path(self._root).rglob(f"{TEMPORARY}*"):
            path.unlink(missing_ok=True)

    @contextlib.contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise OutputError(
                f"--output {self.address} cannot be written: {error.strerror or error}; "
                "finished blocks are kept: mend that and give the same command again"
            ) from error


def _json_lines(refused: list[RefusedRow]) -> bytes:
    return "".join(json.dumps(asdict(row)) + "\n" for row in refused).encode()

"""The folder that one demonstration keeps between starts: one per data source.

Data sources share nothing, so the champion of one is never served for another.
"""

import fcntl
import hashlib
import importlib.util
import json
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .errors import DemoError

SAMPLE = "sample"


@dataclass(frozen=True)
class Source:
    """The tweets to train on.

    Attributes:
        argument: what the trainer is told: a path, or `sample`.
        limit: the most training rows; None for all.
        key: file name for it, which changes with its content and the limit.
    """

    argument: str
    limit: int | None
    key: str

    @property
    def is_sample(self) -> bool:
        """Whether it is the bundled sample, which holds nobody's tweets."""
        return self.argument == SAMPLE

    @classmethod
    def of(cls, data: str, limit: int | None = None) -> "Source":
        """Identify a data source by its content.

        Raises:
            DemoError: there is no such file.
        """
        path = sample_file() if data == SAMPLE else Path(data).expanduser().resolve()
        try:
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise DemoError(f"cannot read the data file {path}: {error.strerror}") from None
        stem = SAMPLE if data == SAMPLE else re.sub(r"[^\w-]", "_", path.stem)[:40]
        key = f"{stem}-{digest[:12]}" + (f"-{limit}" if limit else "")
        return cls(data if data == SAMPLE else str(path), limit, key)


def sample_file() -> Path:
    """The bundled sample, found without importing the trainer.

    Raises:
        DemoError: the trainer is not installed.
    """
    spec = importlib.util.find_spec("trainer")
    if spec is None or spec.origin is None:
        raise DemoError("the package trainer is not installed: run `make setup` first")
    return Path(spec.origin).parent / "data" / "sample.csv"


class State:
    """Files of one data source, and which recipes have been trained on it."""

    def __init__(self, root: Path, source: Source) -> None:
        """Make the folders.

        Raises:
            DemoError: they cannot be made.
        """
        self.root = root.expanduser().resolve()
        self.folder = self.root / source.key
        self.logs = self.root / "logs"
        self._trained = self.folder / "trained.json"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self.logs.mkdir(exist_ok=True)
        except OSError as error:
            raise DemoError(f"cannot make {self.folder}: {error.strerror}") from None

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep a second demonstration off these files.

        Raises:
            DemoError: one is running.
        """
        with (self.root / "lock").open("a+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                file.seek(0)
                raise DemoError(
                    f"a demonstration (process {file.read().strip() or 'unknown'}) already uses "
                    f"{self.root}: stop it, or choose another folder with --state"
                ) from None
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
            yield

    @property
    def replayed(self) -> Path:
        """A file that is there once the API was told of the sample."""
        return self.folder / "replayed"

    def trained(self) -> list[str]:
        """The recipes trained here, as far as recorded."""
        try:
            return list(json.loads(self._trained.read_text(encoding="utf-8")))
        except (FileNotFoundError, ValueError):
            return []

    def record(self, recipes: Sequence[str]) -> None:
        """Record which recipes have been trained here."""
        unfinished = self._trained.with_suffix(".tmp")
        unfinished.write_text(json.dumps(list(recipes)) + "\n", encoding="utf-8")
        unfinished.replace(self._trained)

"""The folder of everything that is prepared once, and whether a part of it still holds."""

import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
"""The repository."""
PEERS = Path(__file__).with_name("peers")
"""The peers' servers and what each needs."""


class BenchmarkError(Exception):
    """Something that stops the benchmark; the message says what, and how to mend it."""


@dataclass(frozen=True)
class Workdir:
    """A folder with the environments, the model, the tweets, the chosen settings and the logs."""

    path: Path

    @property
    def model(self) -> Path:
        """The model in all its forms."""
        return self.path / "model"

    @property
    def tweets(self) -> Path:
        """The tweets that are sent, a JSON list in the order of sending."""
        return self.path / "tweets.json"

    @property
    def settings(self) -> Path:
        """What the scan of each peer's settings found."""
        return self.path / "settings.json"

    @property
    def logs(self) -> Path:
        """A log for each peer."""
        return self.path / "logs"

    def environment(self, name: str) -> Path:
        """The virtual environment made of `peers/NAME.txt`."""
        return self.path / "environments" / name


def default_path() -> Path:
    """A folder in the user's cache."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "radar-bench-serving"


def digest(*parts: object) -> str:
    """SHA-256 of some parts: paths count by their content, anything else as JSON."""
    total = hashlib.sha256()
    for part in parts:
        content = part.read_bytes() if isinstance(part, Path) else json.dumps(part).encode()
        total.update(hashlib.sha256(content).digest())
    return total.hexdigest()


def sources(*folders: Path) -> Iterable[Path]:
    """The Python files below some folders, in a fixed order."""
    return sorted(path for folder in folders for path in folder.rglob("*.py"))


def write_whole(path: Path, text: str) -> None:
    """Write a file, or leave the one before."""
    draft = path.with_name(f".{path.name}.draft")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)


def holds(stamp: Path, wanted: str) -> bool:
    """Whether what a stamp stands beside was made of what is wanted now."""
    return stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted

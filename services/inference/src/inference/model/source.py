"""Where a model is taken from, as `MODEL_SOURCE` says it."""

import re
from dataclasses import dataclass
from pathlib import Path

from inference.settings import SettingsError

REGISTERED = re.compile(r"models:/+(?P<name>[^/@]+)(?:@(?P<alias>[^/@]+)|/(?P<version>[0-9]+))")


@dataclass(frozen=True)
class DirectorySource:
    """A bundle's directory; read at the start, and when somebody asks."""

    path: Path


@dataclass(frozen=True)
class RegistrySource:
    """A registered model by alias, which may move, or by a version, which may not."""

    name: str
    alias: str | None
    version: str | None


Source = DirectorySource | RegistrySource


def parse_source(text: str) -> Source:
    """Understand a `MODEL_SOURCE`.

    Raises:
        SettingsError: it begins with `models:` and is not of one of the two forms.
    """
    if not text.startswith("models:"):
        return DirectorySource(Path(text))
    found = REGISTERED.fullmatch(text)
    if found is None:
        raise SettingsError("MODEL_SOURCE: must be models:/NAME@ALIAS or models:/NAME/VERSION")
    return RegistrySource(found["name"], found["alias"], found["version"])

"""The page's words in every language it speaks, from one catalogue file per language."""

import tomllib
from collections.abc import Mapping
from datetime import datetime, tzinfo
from functools import cache
from importlib.resources import files
from typing import Any

LANGUAGES = {"en": "English", "fr": "Français"}
DEFAULT_LANGUAGE = "en"


class Catalogue:
    """The words of one language.

    Raises:
        KeyError: (on a call) the catalogue has no such message, or the message needs a value that
            was not given.
    """

    def __init__(self, language: str, messages: Mapping[str, str], examples: list[str]) -> None:
        self.language = language
        self.examples = examples
        self.messages = messages

    def __call__(self, key: str, **values: object) -> str:
        """The message at a dotted key, with its `{placeholders}` filled."""
        return self.messages[key].format(**values)

    def label(self, name: str) -> str:
        """A model's label in this language; labels unknown to the page stay as they are."""
        return self.messages.get(f"label.{name}", name)

    def percent(self, share: float) -> str:
        """A share from 0 to 1 as a whole percentage, never rounded to a false 0 or 100."""
        whole = round(share * 100)
        if whole == 0 and share > 0:
            number = "< 1"
        elif whole == 100 and share < 1:
            number = "> 99"
        else:
            number = str(whole)
        return self("format.percent", number=number)

    def number(self, value: float, digits: int = 0, *, signed: bool = False) -> str:
        """A number with this language's signs; a true minus, which a reader does not skip."""
        sign = "+" if signed else ""
        text = f"{value:{sign},.{digits}f}".replace("-", "−")
        return text.translate({ord(","): self("format.thousands"), ord("."): self("format.point")})

    def moment(self, moment: datetime, zone: tzinfo, *, clock: bool = True) -> str:
        """Day and month, and the time of day, as they are somewhere."""
        there = moment.astimezone(zone)
        month = self("format.months").split()[there.month - 1]
        day = self("format.day", day=there.day, month=month)
        return f"{day}, {there:%H:%M}" if clock else day


@cache
def catalogue(language: str) -> Catalogue:
    """The catalogue of a language code; see `LANGUAGES`."""
    content = tomllib.loads(
        files("frontend").joinpath("locales", f"{language}.toml").read_text(encoding="utf-8")
    )
    examples = content.pop("examples")
    return Catalogue(language, dict(_flat(content)), examples)


def best_language(locale: str | None) -> str:
    """The language for a browser's locale such as `fr-CA`; English where the page lacks it."""
    code = (locale or "").split("-")[0].lower()
    return code if code in LANGUAGES else DEFAULT_LANGUAGE


def _flat(tree: dict[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for key, value in tree.items():
        if isinstance(value, dict):
            pairs += _flat(value, f"{prefix}{key}.")
        else:
            pairs.append((prefix + key, value))
    return pairs

"""What is taken out of a text before it is kept as a sample."""

import re
from typing import Final

from contract.text.steps import URL
from inference.radar.words import EMAIL, HANDLE

PHONE: Final = re.compile(r"(?<!\w)\+?\(?\d(?:[\s().-]{0,2}\d){6,14}(?!\w)")
CODE: Final = re.compile(r"\b(?=[A-Z0-9]*\d)[A-Z0-9]{6}\b")
"""A booking code: six capitals and digits, with a digit at least, so that THANKS survives."""
CUED_CODE: Final = re.compile(
    r"\b(?P<cue>(?:booking|reservation|confirmation|record locator|pnr|code|ref(?:erence)?|dossier|"
    r"réservation)\b[^\w\n]{0,3}(?:(?:code|number|no|is|est|n°)\b[^\w\n]{0,3}){0,2})"
    r"(?-i:[A-Z0-9]{6})\b",
    re.IGNORECASE,
)
"""Or without one, after a word that says what it is."""


def redacted(text: str) -> str:
    """A text without handles, addresses, phone numbers and booking codes."""
    text = URL.sub("[link]", text)
    text = EMAIL.sub("[e-mail]", text)
    text = HANDLE.sub("@[user]", text)
    text = CUED_CODE.sub(lambda found: found["cue"] + "[code]", text)
    text = PHONE.sub("[phone]", text)
    return CODE.sub("[code]", text)

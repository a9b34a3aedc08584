"""What is taken out of a text before it is kept.

Handles and links become what the text steps of the models make of them, so a model reads a redacted
text as it would have read the whole one. Every pattern begins only where a run of its characters
begins, or is bounded, so the time is linear in the text whatever that holds.
"""

import re
from typing import Final

from contract.text.steps import URL

HANDLE: Final = re.compile(r"[@＠﹫][\u200b-\u200d\u2060\ufeff]{0,3}\w+")
"""Also with signs without a width behind the "@", which people put there to notify nobody."""
EMAIL: Final = re.compile(r"(?<![\w.%+-])[\w.%+-]++[@＠﹫](?:[\w-]++\.)+[\w-]++")
BARE_LINK: Final = re.compile(
    r"(?<![\w.@-])(?:[a-z0-9-]{1,63}\.){1,4}[a-z]{2,24}/\S+", re.IGNORECASE
)
"""A link without its scheme, such as bit.ly/x."""

CARD: Final = re.compile(r"(?<![\w+])(?!00[1-9])\d(?:[ -]?\d){12,33}(?!\w)")
"""Numbers of cards, accounts (after their two letters) and tickets: 13 digits or more."""

PHONE: Final = re.compile(
    r"""(?<![\w.])(?!\d{1,4}[-./]\d{1,2}[-./]\d{2,4}(?![-./]?\d))  # a date is none
    (?:
        (?:\+|00)[\s(]{0,2}[1-9](?:[\s()./-]{0,2}\d){6,13}          # +33 1 23 45 67 89
      | (?:1[\s.-]?)?\(?[2-9]\d\d\)?[\s.-]{0,2}\d{3}[\s.-]?\d{4}    # (555) 010-9999
      | 0[1-9](?:[\s./-]?\d{2}){4}                                  # 01 23 45 67 89
      | 0\d{1,4}[\s/-]{1,2}\d{3,4}[\s-]?\d{3,5}                     # 020 7946 0958
      | \d{3}-\d{4}                                                 # 555-0199
      | \d{9,12}                                                    # any number as long as one
    )(?!\w)""",
    re.VERBOSE,
)

CODE: Final = re.compile(
    r"\b(?P<flight>(?:[Ff]lights?|FLIGHTS?|[Ff]lt|[Vv]ols?)\W{0,3}[A-Z0-9]{6}\b)"
    r"|\b(?=[A-Z]{0,5}\d)(?=\d{0,5}[A-Z])(?![A-Z]{2}\d{4}\b|N\d{3,5}[A-Z]{0,2}\b)[A-Z0-9]{6}\b"
    r"|\b(?=[a-z]+\d[a-z]*\d|\d+[a-z]+\d)(?![a-z]+\d+\b)[a-z0-9]{6}\b"
)
"""A booking code without a word that says so: six capitals and digits with one of each at least, or
six small letters and digits with two digits that are not both at its end. Two capitals and four
digits are a flight, N and digits an aircraft, and six digits a number of something."""

_CUE: Final = r"""\b(?P<cue>(?:booking|reservation|confirmation|conf(?:irm)?|res|itinerary|locator|
        pnr|code|ref(?:erence)?|r[ée]servation|dossier|r[ée]f(?:[ée]rence)?)\b
      (?:[^\w\n]{0,3}(?:code|number|num|no|nr|is|was|ref(?:erence)?|est|n[°º]|num[ée]ro|de|du|
        r[ée]servation|dossier|vol)(?!\w)){0,3}[^\w\n]{0,4})"""

CUED_CODE: Final = re.compile(
    _CUE + r"(?P<code>(?-i:[A-Z0-9]{6}|(?=[a-z]{0,5}\d)(?!\d+[a-z]+\b)[a-z0-9]{6}))\b",
    re.IGNORECASE | re.VERBOSE,
)
"""Or six of either after a word that says what it is."""

POSSIBLE_CODE: Final = re.compile(_CUE + r"[a-z0-9]{6}\b", re.IGNORECASE | re.VERBOSE)
"""Or any six letters after it, which are mostly a word: where leaving one out costs nothing."""

FURTHER_CODE: Final = re.compile(
    r"(?P<before>\[code\](?:[^\w\n]{1,3}(?:and|et|or|ou)\b|[^\w\n]{0,3}[&/,])[^\w\n]{1,3})"
    r"(?P<code>[A-Z0-9]{6})\b"
)
"""One more beside it."""

PLACEHOLDER: Final = re.compile(r"\[(?:code|e-mail|number|phone)\]")
"""What stands in the place of what was taken out, handles and links apart."""

WORDS: Final = frozenset(
    """ACCESS AGENTS ALWAYS ANNULE ANSWER ANYONE AVANCE BAGAGE BEFORE BETTER BILLET CANCEL CANNOT
    CHANGE CHARGE CLIENT CREDIT DELAYS DEPUIS ENCORE ENTIRE EUROPE FAILED FAMILY FLIGHT FOLLOW
    FORGOT HEURES ISSUES JAMAIS MINUTE NEEDED NOTICE NUMBER OFFICE ONLINE PEOPLE PLEASE POLICY
    REALLY REASON REFUND RETARD RETURN SHOULD STATUS SYSTEM THANKS TICKET TRAVEL UNITED UPDATE
    URGENT VALISE VIRGIN VOYAGE WITHIN""".split()
)
"""Words of six letters that people write in capitals, after "booking" and the like too."""


def redacted(text: str) -> str:
    """A text without handles, addresses, phone and card numbers, and booking codes.

    What is left is a text of the same sentiment; redacting it again changes nothing.
    """
    text = URL.sub("http", text)
    text = BARE_LINK.sub("http", text)
    text = EMAIL.sub("[e-mail]", text)
    text = HANDLE.sub("@user", text)
    text = CUED_CODE.sub(_without_cued_code, text)
    text = CARD.sub("[number]", text)
    text = PHONE.sub("[phone]", text)
    text = CODE.sub(lambda found: found["flight"] or "[code]", text)
    return FURTHER_CODE.sub(_without_further_code, text)


def _without_cued_code(found: re.Match[str]) -> str:
    """The cue, and its code too where that is a word after all."""
    cue, code = found["cue"], found["code"]
    if code.isalpha() and (code in WORDS or _is_shouted(cue)):
        return found[0]
    return cue + "[code]"


def _without_further_code(found: re.Match[str]) -> str:
    return found[0] if found["code"] in WORDS else found["before"] + "[code]"


def _is_shouted(cue: str) -> bool:
    """Whether capitals after a cue say nothing, being all around."""
    named = re.search(r"[:#=]|pnr|locator", cue, re.IGNORECASE)
    return cue.isupper() and not named

"""Which language a tweet is probably in: quick enough for each prediction, and happy not to know.

Function words give a language away, and a tweet mostly has one or two. Character n-grams would know
more short texts, at fifty times the cost, and be wrong of more.
"""

from collections.abc import Mapping
from typing import Final

MOST_CHARACTERS: Final = 500
"""Of a longer text the beginning says enough."""

UNKNOWN: Final = ""

FUNCTION_WORDS: Final[Mapping[str, str]] = {
    "de": """der die das den dem ein eine einen nicht und ich ist mit auf für von zu im auch wir
        ihr sich wie aber noch nur nach bei wenn haben hat sind war mein kein keine""",
    "en": """the and a to of is in it i you my for that on was with this me are be at just so have
        not we they but your what all can do get from had when will there how been our has would
        been were who their he she his her an if by as no up out about i'm don't it's can't""",
    "es": """el la los las un una de que y en es no por con para su se del al lo como más pero sus
        le ya este esta muy mi sin sobre también me hasta hay donde quien desde nos""",
    "fr": """le la les un une des de du et est en que qui ne pas pour dans ce il elle je tu nous
        vous on sur avec plus mais au aux par son sa ses mon ma mes tout très c'est j'ai suis sont
        cette ça si comme fait être quand même a à y n'est d'un qu'il leur leurs""",
    "it": """il lo la gli le un una di che e è in non per con del della dei al alla sono mi si da
        ma come più anche questo questa ho hai ha perché sul nel nella ci ti""",
    "nl": """de het een en van ik te dat is niet op met voor zijn er maar ook die aan om dan naar
        bij wel nog je we mijn geen wat deze heb hebben was""",
    "pt": """o a os as um uma de que e é em não por com para do da no na dos das se mais mas como
        eu você meu minha já muito também foi está isso ao pelo pela nos""",
}
"""Frequent words of little meaning. One that several languages share is part of a hint at each."""

_SIGNS: Final = ".,!?:;\"()[]«»…*-'"
_WEIGHTS: Final = {
    word: tuple((code, 1 / len(codes)) for code in codes)
    for word, codes in (
        (word, [code for code, words in FUNCTION_WORDS.items() if word in words.split()])
        for word in sorted({word for words in FUNCTION_WORDS.values() for word in words.split()})
    )
}
_ELIDED: Final = frozenset("l d j m t s c n qu".split())
"""What stands before a French apostrophe."""
_FRENCH: Final = (("fr", 1.0),)


def guess_language(text: str) -> str:
    """The code of the language that most of a text's function words belong to.

    Args:
        text: a tweet, as it came.

    Returns:
        One of the codes of `FUNCTION_WORDS`; `UNKNOWN` for a text without such words, or one that
        two languages have as good a claim to.
    """
    scores: dict[str, float] = {}
    for part in text[:MOST_CHARACTERS].lower().replace("’", "'").split():
        word = part.strip(_SIGNS)
        hints = _WEIGHTS.get(word)
        if hints is None:
            before, apostrophe, after = word.partition("'")
            if not (apostrophe and before in _ELIDED and len(after) > 1):
                continue
            hints = _FRENCH
        for code, weight in hints:
            scores[code] = scores.get(code, 0.0) + weight
    if not scores:
        return UNKNOWN
    most = max(scores.values())
    best = [code for code, score in scores.items() if score == most]
    return best[0] if len(best) == 1 else UNKNOWN

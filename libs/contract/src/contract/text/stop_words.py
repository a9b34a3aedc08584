"""Stop words of English and French that carry no sentiment.

Negations are absent on purpose: "not", "no", "never", "n't", "pas", "jamais" turn a sentence
around. So are intensifiers and contrasts ("very", "too", "but", "très", "trop", "mais").
"""

import re

STOP_WORDS: dict[str, frozenset[str]] = {
    "en": frozenset(
        """a an and are as at be been being by do does doing for from had has have having he her
        hers him his i if in into is it its itself me my of on or our ours she so than that the
        their theirs them then there these they this those to was we were what when where which
        while who whom will with you your yours am""".split()
    ),
    "fr": frozenset(
        """à au aux avec ce ces cet cette d dans de des du elle elles en es est et eux il ils j je
        l la le les leur leurs lui m ma me mes moi mon notre nos nous on ou où par pour qu que qui
        s sa se ses son sont sur t ta te tes toi ton tu un une vos votre vous y été être suis
        sommes êtes c""".split()
    ),
}

NEGATIONS: dict[str, frozenset[str]] = {
    "en": frozenset("no not never none nobody nothing nor neither cannot n't without".split()),
    "fr": frozenset("ne n pas jamais aucun aucune rien personne ni non sans plus".split()),
}
"""What no stop-word list may ever hold; a test keeps the two apart."""

NEGATED = re.compile(r".+n['’]t|n['’].+")
"""English words that end in a negation ("don't"), French ones that begin with one ("n'est")."""


def is_negation(word: str) -> bool:
    """Whether a word in small letters is a negation of any language here, or holds one."""
    return any(word in words for words in NEGATIONS.values()) or bool(NEGATED.fullmatch(word))

"""Which languages a set of tweets is in."""

from collections.abc import Iterable

import polars as pl

from contract.text.stop_words import STOP_WORDS

GUESSED_ROWS = 500
LEAST_SHARE = 0.05


def find_languages(frame: pl.DataFrame) -> tuple[str, ...]:
    """ISO 639-1 codes, most frequent first.

    Taken from the `language` column where it says anything; else guessed from some rows, among
    the languages for which the text steps have word lists.

    Args:
        frame: rows with `text` and `language`, in the order of `order_rows`.
    """
    named = frame["language"].drop_nulls().str.to_lowercase()
    if named.len():
        counts = named.value_counts(sort=True, name="rows").sort(
            "rows", "language", descending=[True, False]
        )
        return tuple(counts["language"].to_list())
    return guess_languages(frame["text"].head(GUESSED_ROWS))


def guess_languages(texts: Iterable[str]) -> tuple[str, ...]:
    """The languages of at least 5 % of the texts, judged by simplemma's dictionaries.

    Where no text looks like any known language, the first known one is named.
    """
    from simplemma import langdetect  # its dictionaries take a moment and 100 MB

    known = tuple(sorted(STOP_WORDS))
    guesses = [langdetect(text, lang=known)[0][0] for text in texts]
    counts = {language: guesses.count(language) for language in known}
    least = LEAST_SHARE * sum(counts.values())
    spoken = [language for language in known if counts[language] and counts[language] >= least]
    return tuple(sorted(spoken, key=lambda language: -counts[language])) or known[:1]

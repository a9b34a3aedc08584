"""Which words set the texts of one label apart from the others."""

import math
from dataclasses import dataclass

import polars as pl

from contract.text.stop_words import STOP_WORDS

NOT_WORDS = r"https?://\S+|www\.\S+|@\w+|&#?\w+;"
WORD = r"\p{L}+(?:['’]\p{L}+)*"
PRIOR_WORDS = 1_000.0


@dataclass(frozen=True)
class WordCount:
    """A word of a label.

    Attributes:
        word: in small letters.
        rows: in how many of the label's texts it is.
        score: standard deviations by which the word is more frequent here than elsewhere.
    """

    word: str
    rows: int
    score: float


def distinctive_words(frame: pl.DataFrame, count: int) -> dict[str, tuple[WordCount, ...]]:
    """The words of each label with the highest log-odds against all other labels.

    Log-odds ratio with an informative Dirichlet prior, divided by its standard deviation: Monroe,
    Colaresi and Quinn, "Fightin' Words" (Political Analysis 16:4, 2008). The prior weighs
    `PRIOR_WORDS` words, shared out as the words are over all texts, so that rare words do not win
    by chance. A word counts once in a text. Stop words, links and mentions do not count.

    Args:
        frame: rows with `text` and `label`.
        count: the most words of a label.
    """
    by_label = _rows_by_word(frame)
    of_word = pl.col("rows").sum().over("word")
    of_label = pl.col("rows").sum().over("label")
    everything = pl.col("rows").sum()
    prior = PRIOR_WORDS * of_word / everything
    here = pl.col("rows") + prior
    elsewhere = of_word - pl.col("rows") + prior
    odds_here = here / (of_label + PRIOR_WORDS - here)
    odds_elsewhere = elsewhere / (everything - of_label + PRIOR_WORDS - elsewhere)
    scored = by_label.with_columns(
        ((odds_here / odds_elsewhere).log() / (1 / here + 1 / elsewhere).sqrt()).alias("score")
    ).sort("score", "word", descending=[True, False])
    return {
        label: tuple(
            WordCount(word, rows, score)
            for word, rows, score in scored.filter(pl.col("label") == label)
            .head(count)
            .select("word", "rows", "score")
            .iter_rows()
            if score > 0 and math.isfinite(score)
        )
        for label in frame["label"].unique().sort().to_list()
    }


def _rows_by_word(frame: pl.DataFrame) -> pl.DataFrame:
    """In how many texts of each label each word is."""
    words = (
        pl.col("text")
        .str.replace_all(NOT_WORDS, " ")
        .str.to_lowercase()
        .str.extract_all(WORD)
        .list.unique()
        .alias("word")
    )
    stop_words = sorted(frozenset().union(*STOP_WORDS.values()))
    return (
        frame.select("label", words)
        .explode("word")
        .drop_nulls("word")
        .filter(~pl.col("word").is_in(stop_words) & (pl.col("word").str.len_chars() > 1))
        .group_by("label", "word")
        .len("rows")
    )

"""The card of a data set: what a reader should know before trusting a model made from it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import polars as pl
from rich.console import Group, RenderableType
from rich.table import Table

from trainer.data.languages import find_languages
from trainer.data.loading import Rows
from trainer.data.report import CleaningReport
from trainer.data.splitting import fingerprint
from trainer.data.table import SPLITS
from trainer.data.times import parse_times
from trainer.data.words import WordCount, distinctive_words

QUANTILES = (0.5, 0.95, 1.0)
WORDS_PER_LABEL = 12


@dataclass(frozen=True)
class Lengths:
    """How long texts are: median, 95 % quantile and maximum."""

    characters: tuple[int, int, int]
    words: tuple[int, int, int]


@dataclass(frozen=True)
class Card:
    """The figures of a data set.

    Attributes:
        report: what cleaning found.
        fingerprint: of all cleaned rows, as in `Dataset`.
        labels: ordered label names.
        rows: kept rows by split and label.
        users: different user names; 0 where the source names none.
        airlines: kept rows of each airline, most frequent first.
        times: first and last moment in UTC; None where the source has no readable times.
        untimed: rows that give a time which cannot be read.
        languages: ISO 639-1 codes, most frequent first.
        lengths: of kept texts.
        words: distinctive words of each label, in the training split alone, so that describing
            data does not look at the test split.
    """

    report: CleaningReport
    fingerprint: str
    labels: tuple[str, ...]
    rows: dict[tuple[str, str], int]
    users: int
    airlines: dict[str, int]
    times: tuple[datetime, datetime] | None
    untimed: int
    languages: tuple[str, ...]
    lengths: Lengths
    words: dict[str, tuple[WordCount, ...]]


def describe(rows: Rows) -> Card:
    """Work out the card of cleaned rows."""
    frame = rows.frame
    moments = parse_times(frame["created_at"])
    known = moments.drop_nulls().sort().to_list()
    airlines = frame["airline"].drop_nulls().value_counts(sort=True, name="rows")
    train = frame.filter(pl.col("split") == SPLITS[0])
    return Card(
        report=rows.report,
        fingerprint=fingerprint(frame),
        labels=rows.labels,
        rows={
            (split, label): count
            for split, label, count in frame.group_by("split", "label").len().iter_rows()
        },
        users=frame["user"].drop_nulls().str.to_lowercase().n_unique(),
        airlines=dict(airlines.iter_rows()),
        times=(known[0], known[-1]) if known else None,
        untimed=moments.null_count() - frame["created_at"].null_count(),
        languages=find_languages(frame),
        lengths=Lengths(
            _quantiles(frame, pl.col("text").str.len_chars()),
            _quantiles(frame, word_counts(pl.col("text"))),
        ),
        words=distinctive_words(train, WORDS_PER_LABEL),
    )


def word_counts(texts: pl.Expr) -> pl.Expr:
    """Number of words, as white space separates them."""
    return texts.str.count_matches(r"\S+")


def _quantiles(frame: pl.DataFrame, lengths: pl.Expr) -> tuple[int, int, int]:
    quantiles = [lengths.quantile(share, "lower").alias(str(share)) for share in QUANTILES]
    median, high, most = frame.select(quantiles).row(0)
    return int(median), int(high), int(most)


def render(card: Card) -> RenderableType:
    """The card for a terminal, to be printed by a console without markup."""
    return Group(_facts(card), _balance(card), _problems(card.report), _words(card))


def _facts(card: Card) -> Table:
    report = card.report
    table = Table("", "", title=f"Data card of {report.source}", show_header=False)
    table.add_row("format", report.format)
    table.add_row("rows", f"{report.rows_read:,} read, {report.rows_kept:,} kept")
    table.add_row("fingerprint", card.fingerprint[:16])
    table.add_row("users", f"{card.users:,}" if card.users else "not named: split by text")
    if card.airlines:
        table.add_row("airlines", _list(f"{name} {rows:,}" for name, rows in card.airlines.items()))
    if card.times:
        first, last = (f"{moment:%Y-%m-%d %H:%M}" for moment in card.times)
        table.add_row("time (UTC)", f"{first} to {last}")
    if card.untimed:
        table.add_row("unreadable times", f"{card.untimed:,} rows")
    table.add_row("languages", _list(card.languages))
    for unit, (median, high, most) in (
        ("characters", card.lengths.characters),
        ("words", card.lengths.words),
    ):
        table.add_row(unit, f"median {median}, 95 % up to {high}, longest {most:,}")
    return table


def _balance(card: Card) -> Table:
    table = Table("split", title="Rows and label shares")
    for name in ("rows", *card.labels):
        table.add_column(name, justify="right")
    for split in SPLITS:
        counts = [card.rows.get((split, label), 0) for label in card.labels]
        total = sum(counts)
        shares = (f"{count:,} ({count / total:.0%})" if total else "0" for count in counts)
        table.add_row(split, f"{total:,}", *shares)
    return table


def _problems(report: CleaningReport) -> Table:
    table = Table("dropped because", title="Problems")
    table.add_column("rows", justify="right")
    table.add_column("first lines")
    for problem in report.problems:
        table.add_row(str(problem.kind), f"{problem.rows:,}", _list(map(str, problem.lines)))
    if not report.problems:
        table.add_row("none", "0", "")
    if report.rows_moved:
        table.caption = f"{report.rows_moved:,} marked rows follow their user to another split"
    return table


def _words(card: Card) -> Table:
    table = Table("label", "words", title="Distinctive words (training split)")
    for label in card.labels:
        words = card.words.get(label, ())
        table.add_row(label, _list(f"{word.word} {word.rows:,}" for word in words) or "none")
    return table


def _list(items: Iterable[str]) -> str:
    return ", ".join(items)

"""Drops rows that would mislead a model or its figures, and counts every one of them."""

import unicodedata
from collections.abc import Mapping

import polars as pl

from trainer.data.report import ProblemKind, ProblemLog
from trainer.data.table import SENTIMENTS
from trainer.progress import Progress

ROWS_PER_REPORT = 50_000

ASCII_SPACES = r"[\t-\r\x1c-\x20]+"
"""What `str.split` parts words at, among the characters of ASCII."""


def normalise(text: str) -> str:
    """The form in which two texts count as the same: NFKC, case folded, white space collapsed."""
    if text.isascii():
        return " ".join(text.lower().split())
    folded = unicodedata.normalize("NFKC", text).casefold()
    # Folding may undo the normal form: "ǰ" becomes "j" and a loose caron.
    return " ".join(unicodedata.normalize("NFKC", folded).split())


def drop_unusable(
    frame: pl.DataFrame,
    labels: Mapping[str, str] | None,
    problems: ProblemLog,
    progress: Progress,
) -> pl.DataFrame:
    """Keep rows that have a text and a known label.

    Args:
        frame: rows as read (`RawTable.frame`).
        labels: the label each spelling stands for; None keeps every label, the three sentiments
            in small letters.
        problems: where dropped rows are counted.
        progress: reports rows normalised.

    Returns:
        The rows with final labels and a further column `key`, the normalised text; columns that
        may be missing are null where they were blank.
    """
    frame = frame.with_columns(
        pl.col("label", "user", "created_at", "airline", "language", "split")
        .str.strip_chars()
        .replace("", None),
        pl.col("text").fill_null(""),
    )
    missing = pl.col("label").is_null()
    frame = _drop(frame, missing, ProblemKind.MISSING_LABEL, problems)
    if labels is None:
        lowered = pl.col("label").str.to_lowercase()
        label = pl.when(lowered.is_in(SENTIMENTS)).then(lowered).otherwise(pl.col("label"))
    else:
        label = pl.col("label").replace_strict(dict(labels), default=None)
    frame = frame.with_columns(label.alias("label"))
    frame = _drop(frame, missing, ProblemKind.UNKNOWN_LABEL, problems)
    frame = frame.with_columns(_keys(frame["text"], progress))
    return _drop(frame, pl.col("key") == "", ProblemKind.EMPTY_TEXT, problems)


def drop_repeats(frame: pl.DataFrame, problems: ProblemLog) -> pl.DataFrame:
    """Keep one row of each normalised text, none where its rows disagree about the label.

    Which row is kept does not depend on the order of the file, so that the same content in another
    order is the same data set: a row declared to be test, else the one whose owner hashes lowest.

    Args:
        frame: rows with `key` and the columns of `assign_splits`.
        problems: where dropped rows are counted.
    """
    # Texts of different hashes differ, and numbers are quicker to compare; those of the same hash
    # are compared in full.
    repeated = frame["row_hash"].is_duplicated()
    several = frame.filter(repeated)
    contradictory = pl.col("label").n_unique().over("key") > 1
    several = _drop(several, contradictory, ProblemKind.CONTRADICTORY, problems)
    several = several.sort(
        ~pl.col("declared_test"), "owner_hash", "text", "line", maintain_order=True
    )
    several = _drop(several, ~pl.col("key").is_first_distinct(), ProblemKind.DUPLICATE, problems)
    return pl.concat([frame.filter(~repeated), several])


def _keys(texts: pl.Series, progress: Progress) -> pl.Series:
    """`normalise` each text, of many at a time."""
    progress.start("cleaning", len(texts))
    parts: list[pl.Series] = []
    for start in range(0, len(texts), ROWS_PER_REPORT):
        part = texts.slice(start, ROWS_PER_REPORT).alias("text")
        ascii_keys = pl.col("text").str.to_lowercase().str.replace_all(ASCII_SPACES, " ")
        keys = part.to_frame().select(
            key=ascii_keys.str.strip_chars(" "),
            ascii=pl.col("text").str.len_bytes() == pl.col("text").str.len_chars(),
        )
        others = (~keys["ascii"]).arg_true()
        spelled = [normalise(text) for text in part.gather(others).to_list()]
        parts.append(keys["key"].scatter(others, spelled) if spelled else keys["key"])
        progress.advance(len(part))
    return pl.concat(parts) if parts else pl.Series("key", [], pl.String)


def _drop(
    frame: pl.DataFrame, dropped: pl.Expr, kind: ProblemKind, problems: ProblemLog
) -> pl.DataFrame:
    marked = frame.select(dropped.alias("dropped"))["dropped"]
    if not marked.any():
        return frame
    problems.add(kind, frame.filter(marked)["line"].to_list())
    return frame.filter(~marked)

"""Which split each row belongs to: by hash, so that no file order, size or limit can change it."""

import hashlib

import numpy as np
import polars as pl

from trainer.data.table import SPLITS

SALT = b"bad-buzz-radar/splits/1/"
"""Another salt means other splits: figures would no longer compare with those before."""

SPLIT_OF_TENTH = ("train",) * 8 + ("validation", "test")


def hash_of(value: str) -> int:
    """The first 64 bits of the salted SHA-256 of a value."""
    return int.from_bytes(hashlib.sha256(SALT + value.encode()).digest()[:8])


def split_of(owner: str) -> str:
    """The split of an owner: 80 % train, 10 % validation, 10 % test.

    Args:
        owner: `user` and a tab and the name in small letters; `text`, a tab and the normalised
            text where no user is known.
    """
    return SPLIT_OF_TENTH[hash_of(owner) % 10]


def assign_splits(frame: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """Give every row a split; all rows of a user get the same one.

    A row that the source itself marks as train, validation or test keeps its mark and takes its
    user's other rows along. Where a user's marks differ, test wins over validation and validation
    over train.

    Args:
        frame: rows with `key`, `user` and `split`, the latter as the source has it.

    Returns:
        The rows with their final `split`, `owner_hash`, `row_hash`, and `declared_test` (the split
        is test because the source says so); and how many marked rows had to leave their split.
    """
    user = pl.lit("user\t") + pl.col("user").str.to_lowercase()
    frame = frame.with_columns(
        pl.coalesce(user, pl.lit("text\t") + pl.col("key")).alias("owner"),
        pl.col("split")
        .replace_strict(SPLITS, range(len(SPLITS)), default=None, return_dtype=pl.Int8)
        .alias("mark"),
    )
    marks = pl.col("mark").max().alias("declared")
    declared = frame.drop_nulls("mark").group_by("owner").agg(marks)
    frame = frame.join(declared, on="owner", how="left", maintain_order="left")
    moved = int((frame["mark"] != frame["declared"]).sum())
    tenth = pl.col("owner_hash") % 10
    frame = frame.with_columns(
        _hashes_of_few(frame["owner"]).alias("owner_hash"),
        _hashes(frame["key"]).alias("row_hash"),
    ).with_columns(
        pl.coalesce(
            pl.col("declared").replace_strict(range(len(SPLITS)), SPLITS, default=None),
            tenth.replace_strict(range(10), SPLIT_OF_TENTH),
        ).alias("split"),
        (pl.col("declared") == SPLITS.index("test")).fill_null(False).alias("declared_test"),
    )
    return frame.drop("owner", "mark", "declared"), moved


def order_rows(frame: pl.DataFrame) -> pl.DataFrame:
    """Put each split in an order whose every head has the label shares of the whole.

    Rows of a label are ordered by hash and spread evenly over the split, so that a limit is simply
    the head: it leaves the class balance alone, and a larger limit adds to a smaller one.
    """
    within = pl.col("row_hash").rank("ordinal").over("split", "label")
    position = (within - 0.5) / pl.len().over("split", "label")
    return (
        frame.with_columns(position.alias("position")).sort("position", "row_hash").drop("position")
    )


def fingerprint(frame: pl.DataFrame) -> str:
    """SHA-256, hexadecimal, over the sorted text, label and split of every row.

    Each value goes in as its length in bytes, a colon, itself and a comma (a netstring), so that
    no two tables look alike.
    """
    netstrings = [
        piece
        for name in ("text", "label", "split")
        for piece in (
            pl.col(name).str.len_bytes().cast(pl.String),
            pl.lit(":"),
            pl.col(name),
            pl.lit(","),
        )
    ]
    rows = frame.select(pl.concat_str(netstrings).alias("row")).sort("row")
    digest = hashlib.sha256()
    for part in rows.iter_slices(65_536):
        digest.update(part["row"].str.join("").item().encode())
    return digest.hexdigest()


def _hashes(values: pl.Series) -> pl.Series:
    """`hash_of` each value, of all at once."""
    sha256 = hashlib.sha256
    digests = b"".join([sha256(SALT + value.encode()).digest() for value in values.to_list()])
    firsts = np.frombuffer(digests, dtype=">u8")[:: sha256().digest_size // 8]
    return pl.Series("hash", firsts.astype(np.uint64), dtype=pl.UInt64)


def _hashes_of_few(values: pl.Series) -> pl.Series:
    """`hash_of` each value, where most occur many times."""
    distinct = values.unique()
    table = pl.DataFrame({"value": distinct, "hash": _hashes(distinct)})
    rows = values.alias("value").to_frame()
    return rows.join(table, on="value", how="left", maintain_order="left")["hash"]

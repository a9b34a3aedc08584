"""When tweets were written, in the spellings the known sources use."""

import polars as pl

FORMATS = (
    "%Y-%m-%dT%H:%M:%S%.f%z",  # ISO 8601
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%d %H:%M:%S%.f %z",  # the airline file
    "%Y-%m-%d %H:%M:%S%.f%z",
    "%Y-%m-%d %H:%M:%S%.f",
    "%a %b %d %H:%M:%S %z %Y",  # Sentiment140, and Twitter's own
)
ZONES = {" PDT ": " -0700 ", " PST ": " -0800 ", " UTC ": " +0000 "}
"""Sentiment140 names the zone; these are the ones it uses."""


def parse_times(written: pl.Series) -> pl.Series:
    """Moments in UTC, null where the spelling is not known; without an offset, UTC is meant."""
    text = pl.col(written.name).str.replace_many(ZONES).str.replace("Z$", "+0000")
    moments = [
        text.str.to_datetime(spelling, time_unit="us", time_zone="UTC", strict=False)
        for spelling in FORMATS
    ]
    return written.to_frame().select(pl.coalesce(moments))[written.name]

"""Erasing what the radar has of a mention: what finds it, and words that few others used.

Counts stay. They say how many mentions a minute had, and nothing leads from them to any.
"""

from collections import Counter
from collections.abc import Collection, Mapping

from sqlalchemy import Connection, delete, or_, select, update

from inference.radar.mentions import token_of
from inference.radar.repository import ALL_TIME
from inference.radar.words import MIN_AUTHORS, words_of
from inference.store.tables import RADAR_MENTIONS, RADAR_SAMPLES, RADAR_STATE, RADAR_WORDS
from inference.texts import Fingerprints


def tokens_of(text: str, fingerprints: Fingerprints) -> set[bytes]:
    """What the words of a text are counted under."""
    return {token_of("word", word, fingerprints) for word in words_of(text)}


def forget_words_of_text(
    connection: Connection, text_hmac: str, tokens: Collection[bytes] | None
) -> Counter[str]:
    """Erase the words of all mentions of a text; before the mentions themselves are.

    Args:
        connection: in a transaction.
        text_hmac: fingerprint of the text.
        tokens: of its words; None where the text is not known.

    Returns:
        How many rows were erased, by table.
    """
    _take_turn(connection)
    minutes = select(RADAR_MENTIONS.c.minute).where(RADAR_MENTIONS.c.text_hmac == text_hmac)
    hours = Counter(minute // 60 for minute in connection.scalars(minutes))
    return Counter({RADAR_WORDS.name: _forget_words(connection, hours, tokens)})


def forget_mention(
    connection: Connection, identity: bytes, fingerprints: Fingerprints
) -> Counter[str]:
    """Erase one mention, with its sample and the words that few others used.

    Args:
        connection: in a transaction.
        identity: see `mentions.identity_of`.
        fingerprints: finds the words where a sample of the mention is kept.

    Returns:
        How many rows were erased, by table.
    """
    _take_turn(connection)
    rows: Counter[str] = Counter()
    mention, sample = RADAR_MENTIONS.c, RADAR_SAMPLES.c
    minute = connection.scalar(select(mention.minute).where(mention.identity == identity))
    text = connection.scalar(select(sample.text).where(sample.identity == identity))
    if minute is not None:
        tokens = None if text is None else tokens_of(text, fingerprints)
        rows[RADAR_WORDS.name] = _forget_words(connection, {minute // 60: 1}, tokens)
    for table in (RADAR_MENTIONS, RADAR_SAMPLES):
        same = delete(table).where(table.c.identity == identity)
        rows[table.name] = connection.execute(same).rowcount
    return rows


def _take_turn(connection: Connection) -> None:
    """Wait for whoever adds mentions, and have every replica draw anew what it shows."""
    connection.execute(update(RADAR_STATE).values(revision=RADAR_STATE.c.revision + 1))


def _forget_words(
    connection: Connection, hours: Mapping[int, int], tokens: Collection[bytes] | None
) -> int:
    """Erase words that fewer than `MIN_AUTHORS` other mentions have; returns how many.

    Where the words are not known, all that are written down and that rare in those hours: one that
    nobody can read needs no erasing. Topics too, since who sends mentions may have put anything
    there.

    Args:
        connection: in a transaction.
        hours: mentions that are erased, by their hour.
        tokens: of their words; None where these are not known.
    """
    if not hours:
        return 0
    words = RADAR_WORDS.c
    known = words.name.is_not(None) if tokens is None else words.token.in_(tokens)
    erased = 0
    for hour, mentions in {**hours, ALL_TIME: sum(hours.values())}.items():
        which = known if hour == ALL_TIME else or_(known, words.kind == "topic")
        rare = (words.hour == hour) & (words.uses < MIN_AUTHORS + mentions) & (words.kind != "all")
        erased += connection.execute(delete(RADAR_WORDS).where(rare, which)).rowcount
    return erased

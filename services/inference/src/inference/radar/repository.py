"""The radar's tables: mentions counted once, words counted without names, a few samples."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Connection, Table, delete, func, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from inference.radar.mentions import (
    NEGATIVE,
    ScoredMention,
    author_bit_of,
    token_of,
)
from inference.radar.words import enough_authors, topic_of, words_of
from inference.store.tables import (
    RADAR_COUNTS,
    RADAR_MENTIONS,
    RADAR_SAMPLES,
    RADAR_STATE,
    RADAR_WORDS,
)
from inference.texts import Fingerprints, keepable, storable

ALL_TIME: Final = 0
"""The hour under which all the time is counted."""
EVERYTHING: Final = b""
"""The token under which all words of an hour together are counted, whether they are kept or not."""
MAX_TOKENS: Final = 2_000
"""Words and topics that are told apart in an hour of an airline; further ones are only counted."""
MAX_VOCABULARY: Final = 50_000
"""The same for all the time."""
NAMELESS_HOURS: Final = 24
"""Hours after which words that too few authors used are forgotten."""
SAMPLES_PER_HOUR: Final = 5
MAX_AIRLINES: Final = 200
CHUNK: Final = 500

WordKey = tuple[int, str, str, bytes]
"""Hour, airline, kind, token."""


class TooManyAirlinesError(Exception):
    """A mention names an airline beyond those that are told apart."""


@dataclass(frozen=True)
class State:
    """How far the radar is.

    Attributes:
        revision: changes with every mention.
        newest: minute of the newest mention; None before the first.
    """

    revision: int
    newest: int | None


@dataclass(slots=True)
class _Use:
    """Uses of a word that are to be added.

    Attributes:
        name: the word itself, only to be written down when enough authors used it.
        uses: mentions that have it.
        authors: sketch of their authors.
    """

    name: str | None
    uses: int = 0
    authors: int = 0


@dataclass
class _Addition:
    """What a batch of mentions adds to the counts."""

    counts: dict[tuple[int, str, str], list[float]] = field(
        default_factory=lambda: defaultdict(lambda: [0, 0.0, 0])
    )
    words: dict[WordKey, _Use] = field(default_factory=dict)


def state(connection: Connection) -> State:
    """How far the radar is."""
    row = connection.execute(select(RADAR_STATE.c.revision, RADAR_STATE.c.newest)).one()
    return State(row.revision, row.newest)


def known(connection: Connection, identities: Iterable[bytes]) -> set[bytes]:
    """Which mentions are counted already."""
    found: set[bytes] = set()
    for chunk in _chunks(sorted(set(identities))):
        query = select(RADAR_MENTIONS.c.identity)
        found.update(connection.scalars(query.where(RADAR_MENTIONS.c.identity.in_(chunk))))
    return found


def airlines(connection: Connection) -> list[str]:
    """The airlines that have mentions, in alphabetical order."""
    query = select(RADAR_COUNTS.c.airline).distinct().order_by(RADAR_COUNTS.c.airline)
    return list(connection.scalars(query))


def add(
    connection: Connection,
    scored: Sequence[ScoredMention],
    fingerprints: Fingerprints,
    *,
    samples: Sequence[ScoredMention] = (),
) -> int:
    """Count mentions, each once however often it comes; all of them, or after a failure none.

    Args:
        connection: in a transaction.
        scored: the mentions.
        fingerprints: hides words and authors.
        samples: those whose text may be kept.

    Returns:
        How many were not known.

    Raises:
        TooManyAirlinesError: they would make more airlines than are told apart.
    """
    # First, so that of several replicas one writes at a time, and reads what the others wrote.
    connection.execute(update(RADAR_STATE).values(revision=RADAR_STATE.c.revision + 1))
    before = known(connection, (item.identity for item in scored))
    new = {item.identity: item for item in scored if item.identity not in before}
    if not new:
        return 0
    _require_room(connection, {item.mention.airline for item in new.values()})
    connection.execute(
        insert(RADAR_MENTIONS),
        [
            {
                "identity": key,
                "minute": item.mention.minute,
                "text_hmac": fingerprints.of(item.mention.text),
            }
            for key, item in new.items()
        ],
    )
    addition = _addition(new.values(), fingerprints)
    _add_counts(connection, addition.counts)
    _add_words(connection, addition.words)
    _add_samples(connection, [item for item in samples if item.identity in new], fingerprints)
    newest = max(item.mention.minute for item in new.values())
    connection.execute(
        update(RADAR_STATE)
        .where(or_(RADAR_STATE.c.newest.is_(None), RADAR_STATE.c.newest < newest))
        .values(newest=newest)
    )
    return len(new)


def prune(connection: Connection, before: int) -> None:
    """Forget what is older than a minute, and rare words well before.

    Args:
        connection: in a transaction.
        before: the first minute that is kept.
    """
    for table in (RADAR_MENTIONS, RADAR_COUNTS, RADAR_SAMPLES):
        connection.execute(delete(table).where(table.c.minute < before))
    newest = state(connection).newest or 0
    rare = RADAR_WORDS.c.name.is_(None) & (RADAR_WORDS.c.kind != "all")
    hours = RADAR_WORDS.c.hour
    connection.execute(delete(RADAR_WORDS).where(hours > ALL_TIME, hours < before // 60))
    connection.execute(
        delete(RADAR_WORDS).where(hours > ALL_TIME, hours < newest // 60 - NAMELESS_HOURS, rare)
    )
    sizes = (
        select(RADAR_WORDS.c.airline)
        .where(hours == ALL_TIME)
        .group_by(RADAR_WORDS.c.airline)
        .having(func.count() >= MAX_VOCABULARY)
    )
    for airline in connection.scalars(sizes).all():
        connection.execute(
            delete(RADAR_WORDS).where(
                hours == ALL_TIME, RADAR_WORDS.c.airline == airline, RADAR_WORDS.c.uses < 2
            )
        )


def _require_room(connection: Connection, named: set[str]) -> None:
    present = set(airlines(connection))
    if len(present | named) > MAX_AIRLINES and named - present:
        raise TooManyAirlinesError


def _addition(new: Iterable[ScoredMention], fingerprints: Fingerprints) -> _Addition:
    addition = _Addition()
    tokens: dict[tuple[str, str], bytes] = {}
    for item in new:
        mention = item.mention
        count = addition.counts[mention.minute, mention.airline, item.label]
        count[0] += 1
        count[1] += item.negative
        count[2] += mention.reach
        if item.label != NEGATIVE:
            continue
        bit = author_bit_of(item, fingerprints)
        names = [("word", word) for word in words_of(mention.text)]
        if topic := topic_of(storable(mention.topic)):
            names.append(("topic", topic))
        for hour in (mention.minute // 60, ALL_TIME):
            kinds = Counter(kind for kind, _ in names)
            for kind, uses in kinds.items():
                key = (hour, mention.airline, "all", kind.encode())
                addition.words.setdefault(key, _Use(None)).uses += uses
            for kind, name in names:
                token = tokens.get((kind, name))
                if token is None:
                    token = tokens[kind, name] = token_of(kind, name, fingerprints)
                use = addition.words.setdefault((hour, mention.airline, kind, token), _Use(name))
                use.uses += 1
                use.authors |= bit
    return addition


def _add_counts(connection: Connection, counts: Mapping[tuple[int, str, str], list[float]]) -> None:
    rows = [
        {
            "minute": minute,
            "airline": airline,
            "label": label,
            "mentions": mentions,
            "negative_sum": negative,
            "reach": reach,
        }
        for (minute, airline, label), (mentions, negative, reach) in sorted(counts.items())
    ]
    _upsert(connection, RADAR_COUNTS, rows, added=("mentions", "negative_sum", "reach"))


def _add_words(connection: Connection, words: Mapping[WordKey, _Use]) -> None:
    """Add uses, giving names to words that enough authors have used by now."""
    before, sizes = _present(connection, words)
    rows = []
    for key, use in sorted(words.items(), key=lambda item: item[0]):
        hour, airline, kind, token = key
        if key not in before and kind != "all":
            room = MAX_VOCABULARY if hour == ALL_TIME else MAX_TOKENS
            if sizes[hour, airline] >= room:
                continue
            sizes[hour, airline] += 1
        authors = before.get(key, 0) | use.authors
        named = kind != "all" and hour != ALL_TIME and enough_authors(authors)
        rows.append(
            {
                "hour": hour,
                "airline": airline,
                "kind": kind,
                "token": token,
                "name": use.name if named else None,
                "uses": use.uses,
                "authors": authors,
            }
        )
    _upsert(connection, RADAR_WORDS, rows, added=("uses",), replaced=("name", "authors"))


def _present(
    connection: Connection, words: Mapping[WordKey, _Use]
) -> tuple[dict[WordKey, int], Counter[tuple[int, str]]]:
    """The sketches of words that are there, and how many are there in each hour of an airline."""
    table = RADAR_WORDS.c
    hours = {key[0] for key in words}
    sizes: Counter[tuple[int, str]] = Counter()
    counted = (
        select(table.hour, table.airline, func.count())
        .where(table.hour.in_(hours))
        .group_by(table.hour, table.airline)
    )
    for hour, airline, size in connection.execute(counted):
        sizes[hour, airline] = size
    sketches: dict[WordKey, int] = {}
    for chunk in _chunks(sorted({key[3] for key in words})):
        query = select(table.hour, table.airline, table.kind, table.token, table.authors)
        query = query.where(table.hour.in_(hours), table.token.in_(chunk))
        for hour, airline, kind, token, authors in connection.execute(query):
            sketches[hour, airline, kind, bytes(token)] = authors
    return sketches, sizes


def _add_samples(
    connection: Connection, samples: Sequence[ScoredMention], fingerprints: Fingerprints
) -> None:
    """Keep negative texts, of an hour of an airline the surest."""
    table = RADAR_SAMPLES.c
    by_hour: dict[tuple[int, str], list[ScoredMention]] = defaultdict(list)
    for item in samples:
        if item.label == NEGATIVE:
            by_hour[item.mention.minute // 60, item.mention.airline].append(item)
    for (hour, airline), items in by_hour.items():
        connection.execute(
            insert(RADAR_SAMPLES),
            [
                {
                    "identity": item.identity,
                    "minute": item.mention.minute,
                    "airline": airline,
                    "text_hmac": fingerprints.of(item.mention.text),
                    "text": keepable(item.mention.text),
                    "negative": item.negative,
                    "kept_at": datetime.now(UTC),
                }
                for item in items
            ],
        )
        within = (table.airline == airline) & table.minute.between(60 * hour, 60 * hour + 59)
        ranked = select(table.identity).where(within).order_by(table.negative.desc())
        surplus = connection.scalars(ranked.offset(SAMPLES_PER_HOUR)).all()
        if surplus:
            connection.execute(delete(RADAR_SAMPLES).where(table.identity.in_(surplus)))


def _upsert(
    connection: Connection,
    table: Table,
    rows: Sequence[Mapping[str, Any]],
    *,
    added: Sequence[str],
    replaced: Sequence[str] = (),
) -> None:
    if not rows:
        return
    postgres = connection.dialect.name == "postgresql"
    statement: Any = postgresql.insert(table) if postgres else sqlite.insert(table)
    new = statement.excluded
    changes = {name: table.c[name] + new[name] for name in added}
    # A name that is there stays: the one that comes is none where this batch had too few authors.
    changes |= {name: func.coalesce(new[name], table.c[name]) for name in replaced}
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[column.name for column in table.primary_key], set_=changes
        ),
        rows,
    )


def _chunks(values: Sequence[bytes]) -> Iterable[Sequence[bytes]]:
    return (values[at : at + CHUNK] for at in range(0, len(values), CHUNK))

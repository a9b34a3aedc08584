"""Mentions counted once, words counted without names, on both databases."""

import re
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from contract.bundle import Bundle
from inference.problems import ServiceError
from inference.radar import readings, repository
from inference.radar.mentions import Mention, ScoredMention, identity_of
from inference.radar.reader import RadarReader
from inference.radar.replay import replay
from inference.radar.words import words_of
from inference.store.tables import RADAR_COUNTS, RADAR_MENTIONS, RADAR_SAMPLES, RADAR_WORDS

from datetime import UTC, datetime  # isort: skip

START = datetime(2026, 3, 2, tzinfo=UTC)


def said(text, minute=0, label="negative", **how):
    return Mention(text, START + timedelta(minutes=minute), **how), label


@pytest.fixture
def count(fingerprints):
    """Scores by hand, and counts."""

    def count(recorder, *mentions):
        return recorder.record(
            [
                ScoredMention(
                    mention,
                    identity_of(mention, fingerprints),
                    label,
                    0.9 if label == "negative" else 0.2,
                )
                for mention, label in mentions
            ]
        )

    return count


def rows(store, table):
    return store.run(lambda connection: connection.execute(select(table)).all())


def names(store):
    return {row.name for row in rows(store, RADAR_WORDS) if row.kind == "word"} - {None}


def test_a_mention_counts_once_however_it_comes_again(store, make_recorder, count):
    recorder = make_recorder()
    first, second = said("late", id="7"), said("another text", minute=3, id="7")
    assert count(recorder, first, first) == 1
    assert count(recorder, second) == 0
    plain = said("late", author="ann")
    assert count(recorder, plain) == 1
    assert count(recorder, plain, said("late", author="bob"), said("late", minute=1)) == 2
    total = store.run(lambda c: c.execute(select(func.sum(RADAR_COUNTS.c.mentions))).scalar_one())
    assert total == len(rows(store, RADAR_MENTIONS)) == 4


def test_counts_are_kept_by_minute_airline_and_label(store, make_recorder, count):
    recorder = make_recorder()
    count(
        recorder,
        said("a", airline="A", reach=3),
        said("b", airline="A", reach=4),
        said("c", airline="A", label="positive"),
        said("d", airline="B", minute=7),
    )
    history = store.run(lambda connection: readings.history(connection, "A", None))
    assert history.series.mentions.tolist() == [3]
    assert history.series.negatives.tolist() == [2]
    assert history.negative_sums == pytest.approx([2.0])
    assert history.reach.tolist() == [7]
    everybody = store.run(lambda connection: readings.history(connection, None, None))
    assert everybody.series.mentions.tolist() == [3, 1]
    assert store.run(repository.airlines) == ["A", "B"]


def test_late_mentions_find_their_bucket_and_later_ones_are_told(store, make_recorder, count):
    recorder = make_recorder(radar_days=2)
    count(recorder, said("now", minute=5 * 1_440))
    old, older = said("late", minute=3 * 1_440 + 1)[0], said("too late", minute=2 * 1_440)[0]
    found = recorder.sort([old, older, old])
    assert ([item for item, _ in found.new], found.known, found.late) == ([old], 1, 1)
    count(recorder, (old, "negative"))
    history = store.run(lambda connection: readings.history(connection, None, None))
    assert history.series.mentions.sum() == 2


def test_what_is_older_than_what_is_kept_goes(store, make_recorder, count):
    recorder = make_recorder("all", radar_days=2)
    count(recorder, *(said("flight delay", author=name) for name in "abc"))
    count(recorder, said("flight delay", minute=4 * 1_440))
    for table in (RADAR_MENTIONS, RADAR_COUNTS, RADAR_SAMPLES):
        assert len(rows(store, table)) == 1
    assert not [row for row in rows(store, RADAR_WORDS) if row.hour == START.timestamp() // 3_600]


def test_a_word_is_written_down_when_three_authors_used_it(store, make_recorder, count):
    recorder = make_recorder()
    count(recorder, *(said("delay", minute, author="ann") for minute in range(9)))
    count(recorder, said("delay", 10, author="bob"))
    assert names(store) == set()
    count(recorder, *(said("delay", 11, author=f"author-{n}") for n in range(4)))
    assert names(store) == {"delay"}
    assert count(recorder, said("delay", 12, author="ann")) == 1
    assert names(store) == {"delay"}
    counts = store.run(lambda connection: readings.word_counts(connection, None, "word"))
    assert counts.usual == Counter(delay=15)
    assert counts.usual_total == 15


def test_mentions_without_an_author_are_taken_for_an_author_each(store, make_recorder, count):
    """As docs/monitoring.md says for those who feed the radar."""
    recorder = make_recorder()
    count(recorder, *(said("delay", minute, author="importer") for minute in range(4)))
    assert names(store) == set()
    count(recorder, *(said("delay", minute) for minute in range(4)))
    assert names(store) == {"delay"}


def test_rare_words_are_forgotten_after_a_day(store, make_recorder, count):
    recorder = make_recorder()
    count(recorder, said("secretname", author="ann"), said("nice", label="positive"))
    hour = [row for row in rows(store, RADAR_WORDS) if row.hour and row.kind == "word"]
    assert [row.name for row in hour] == [None]
    count(recorder, said("later", minute=26 * 60))
    left = [row for row in rows(store, RADAR_WORDS) if row.hour and row.kind == "word"]
    assert {row.hour for row in left} == {int(START.timestamp()) // 3_600 + 26}


def test_no_more_words_than_room(store, make_recorder, count, monkeypatch):
    monkeypatch.setattr(repository, "MAX_TOKENS", 5)
    recorder = make_recorder()
    texts = ("alpha beta gamma delta epsilon zeta eta theta", "iota kappa lambda alpha")
    for number, text in enumerate(texts):
        count(recorder, said(text, number))
    hourly = [row for row in rows(store, RADAR_WORDS) if row.hour]
    assert len([row for row in hourly if row.kind == "word"]) == 5
    assert [row.uses for row in hourly if row.kind == "all"] == [12]


def test_no_more_airlines_than_room(store, make_recorder, count, monkeypatch):
    monkeypatch.setattr(repository, "MAX_AIRLINES", 2)
    recorder = make_recorder()
    assert count(recorder, said("x", airline="A"), said("y", airline="B")) == 2
    with pytest.raises(ServiceError, match="at most 2 airlines"):
        count(recorder, said("w", airline="A"), said("z", airline="C"))
    assert len(rows(store, RADAR_MENTIONS)) == 2


@pytest.mark.parametrize(
    ("store_text", "audit_share", "kept"),
    [("none", 1, 0), ("audit", 1, 5), ("audit", 0, 0), ("all", 0, 5)],
)
def test_samples_are_few_redacted_and_only_where_allowed(
    store, make_recorder, count, store_text, audit_share, kept
):
    recorder = make_recorder(store_text, audit_share)
    count(recorder, *(said(f"@ann late {n}", n) for n in range(9)), said("fine", label="positive"))
    found = rows(store, RADAR_SAMPLES)
    assert len(found) == kept
    assert all(row.text.startswith("@user late") for row in found)


def test_words_leave_out_what_names_somebody():
    text = "@ann's LATE flight AC1234 at http://t.co/x mail a@b.example &amp; won’t #refund X7K2PZ"
    assert words_of(text) == {"late", "flight", "mail", "won't", "refund"}
    assert not {"@", "co"} & words_of(text)


def test_nothing_in_the_store_names_author_or_text(store, make_recorder, count):
    recorder = make_recorder()
    count(recorder, said("an unmistakable sentence", author="unmistakable-author", id="id-123"))
    content = " ".join(
        str(row)
        for table in (RADAR_MENTIONS, RADAR_WORDS, RADAR_SAMPLES)
        for row in rows(store, table)
    )
    assert not re.search("unmistakable|sentence|id-123", content)


def test_a_surge_is_shown_with_its_drivers_and_samples(
    store, make_recorder, bundle: Bundle, traffic
):
    mentions = traffic()
    recorder = make_recorder("all")
    tally = replay(mentions, bundle, recorder)
    assert (tally.counted, tally.known, tally.late) == (len(mentions), 0, 0)
    again = replay(reversed(mentions), bundle, recorder)
    assert (again.counted, again.known) == (0, len(mentions))
    reader = RadarReader(store)
    answer = reader.read(None, None, None)
    assert answer.airlines == ["Air Paradis", "Other"]
    assert sum(point.mentions for point in answer.points) == len(mentions)
    surge = START + timedelta(days=3, hours=10)
    (episode,) = [item for item in answer.episodes if item.start >= surge - timedelta(minutes=15)]
    assert abs(episode.start - surge) <= timedelta(minutes=10)
    assert episode.alarm <= surge + timedelta(minutes=15)
    assert abs(episode.end - surge - timedelta(hours=2)) <= timedelta(minutes=15)
    assert surge <= episode.peak < episode.end
    assert episode.ratio > 4
    assert {"gate", "closed"} <= {item.name for item in episode.drivers if item.kind == "word"}
    assert "Gate" in {item.name for item in episode.drivers if item.kind == "topic"}
    assert 1 <= len(episode.samples) <= 5
    covering = surge + timedelta(minutes=10), surge + timedelta(minutes=110)
    assert any(item.start <= covering[0] and item.end >= covering[1] for item in answer.bursts)
    one = reader.read("Other", START + timedelta(days=3), START + timedelta(days=3, hours=1))
    assert len(one.points) == 12
    assert all(point.low <= point.expected <= point.high for point in one.points)


def test_order_of_arrival_makes_no_difference(store, make_recorder, bundle, traffic):
    mentions = traffic(days=2, surge=False)
    replay(mentions[1::2][::-1], bundle, make_recorder())
    replay(mentions[::2], bundle, make_recorder())
    answer = RadarReader(store).read(None, None, None)
    per_bucket = Counter(item.minute // 5 for item in mentions)
    assert [point.mentions for point in answer.points] == [
        per_bucket[number] for number in range(min(per_bucket), max(per_bucket) + 1)
    ]


def test_a_time_that_cannot_be_shown_is_refused(store, make_recorder, count):
    reader = RadarReader(store)
    empty = reader.read(None, None, None)
    assert (empty.points, empty.episodes, empty.from_, empty.to) == ([], [], None, None)
    count(make_recorder(), said("x"))
    for start, end, reason in (
        (START, START - timedelta(days=1), "later than to"),
        (START, START + timedelta(days=99), "at most 31 days"),
    ):
        with pytest.raises(ServiceError, match=reason):
            reader.read(None, start, end)
    assert replace(said("x")[0], text="y") != said("x")[0]

"""Nothing that names somebody is among the words of a surge, however it is written."""

from datetime import timedelta

import pytest

from inference.radar.detection.drivers import drivers
from inference.radar.mentions import Mention, ScoredMention, identity_of
from inference.radar.readings import word_counts
from inference.radar.words import topic_of, words_of

MARKS = ("wombat", "quokka", "numbat", "qwkjxz")
HOSTILE = [
    "late @wombat",
    "late .@wombat",
    "late (@Wombat) again",
    "late @wombat's",
    "late @wombat_quokka",
    "late @wombat-quokka",
    "late @wombat/@quokka",
    "late ＠wombat ﹫quokka",
    "late ＠ｗｏｍｂａｔ",
    "late @\u200bwombat @\u2060quokka",
    "late &#64;wombat &commat;quokka &#x40;numbat",
    "late &amp;#64;wombat",
    "late RT:@wombat:again",
    "late @wombat.quokka.social @wombat@numbat.example",
    "late wombat_quokka",
    "late http://wombat.example/quokka?numbat=1",
    "late HTTPS://WOMBAT.example/quokka",
    "late (www.wombat.example/quokka)",
    "late wombat.example/quokka wombat.example",
    "late wömbat.example/quokka",
    "late ftp://wombat/quokka",
    "late ｈｔｔｐ://wombat/quokka",
    "late http&#58;//wombat/quokka",
    "late wombat.quokka@numbat.example",
    "late mailto:wombat@quokka.example",
    "late wombat+quokka＠numbat.example",
    "late wombat&#64;quokka.example",
    "late PNR: QWKJXZ",
    "late pnr qwkjxz",
    "late my booking is Qwkjxz",
    "late QWKJXZ",
    "late conf #'s AB12CD &amp; QWKJXZ",
    "late ma réservation n° qwkjxz",
    "late +33 6 12 34 56 78wombat",
    "late tel:+33612345678",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_that_names_somebody_is_a_word(text):
    found = words_of(text)
    assert not [word for word in found for mark in MARKS if mark in word]
    assert not found & {"http", "https", "user", "code", "phone", "number", "mail"}
    assert "late" in found


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("LATE flight, delayed/cancelled: why?!", {"late", "flight", "delayed", "cancelled"}),
        ("l'équipage s’est #excusé ... lamentable…honteux",
         {"l'équipage", "excusé", "lamentable", "honteux"}),
        ("REFUND me, THANKS; worn-out seats", {"refund", "thanks", "worn-out", "seats"}),
        ("my booking: lost. What a confirmation!", {"booking", "lost", "confirmation"}),
        ("late & rude &amp; loud", {"late", "rude", "loud"}),
    ],
)  # fmt: skip
def test_what_people_say_is_counted(text, words):
    assert words <= words_of(text)


def test_a_topic_that_names_somebody_is_none():
    assert topic_of("Late Flight") == "Late Flight"
    for topic in ("@wombat", "＠wombat", "see http://wombat.example", "a@b.example", "AB12CD"):
        assert topic_of(topic) == ""


def test_no_driver_of_a_surge_names_somebody(store, make_recorder, fingerprints, traffic):
    """All that is hostile, said by many in the hour of a surge, beside a word that drives it."""
    (first, *_) = usual = traffic(days=1, surge=False)
    surge = first.created_at.replace(minute=0) + timedelta(hours=30)
    said = [
        Mention(f"{text} blizzard", surge + timedelta(minutes=number), author=f"{text} {number}",
                airline="A", topic="@wombat" if number % 2 else "Weather")
        for text in HOSTILE
        for number in range(4)
    ]  # fmt: skip
    make_recorder("none").record(
        [
            ScoredMention(item, identity_of(item, fingerprints), "negative", 0.9)
            for item in (*usual, *said)
        ]
    )
    for kind, expected in (("word", "blizzard"), ("topic", "Weather")):
        counts = store.run(lambda connection, kind=kind: word_counts(connection, None, kind))
        hour = int(surge.timestamp()) // 3_600
        found = drivers(counts.by_hour[hour], counts.usual, most=1_000)
        assert expected in {driver.name for driver in found}
        named = {name.lower() for names in counts.by_hour.values() for name in names}
        assert not [name for name in named for mark in MARKS if mark in name]

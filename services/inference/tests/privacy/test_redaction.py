"""Redaction: what names somebody goes, and everything else that people write stays."""

import time

import pytest

from inference.privacy.redaction import redacted


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("@AirParadis THANKS for nothing", "@user THANKS for nothing"),
        (".@AirParadis c'est honteux ＠marie_d", ".@user c'est honteux @user"),
        ("hi @\u200bmarie_d ﹫jo and jo﹫mail.example", "hi @user @user and [e-mail]"),
        ("see https://t.co/x?u=1 and www.a.example/b, bit.ly/3xYz", "see http and http http"),
        ("mail jo.doe+air@mail.example.com please", "mail [e-mail] please"),
        ("écrivez à rené.dupré@exemple.fr.", "écrivez à [e-mail]."),
        ("call +1 (555) 010-9999 or 0033 1 23 45 67 89", "call [phone] or [phone]"),
        ("call me 914-555-0185. Or 5550100199", "call me [phone]. Or [phone]"),
        ("appelez le 06 12 34 56 78, ou 01.23.45.67.89 !", "appelez le [phone], ou [phone] !"),
        ("+33 6 12 34 56 78", "[phone]"),
        ("London desk 020 7946 0958", "London desk [phone]"),
        ("my card 4111 1111 1111 1111 was charged", "my card [number] was charged"),
        ("ticket 0162424965446", "ticket [number]"),
        ("IBAN FR76 3000 6000 0112 3456 7890 189", "IBAN FR76 [number]"),
        ("X7K2PZ cancelled, now what", "[code] cancelled, now what"),
        (
            "Thx. Conf #'s MQXC64 &amp; MPWNCX. Help",
            "Thx. Conf #'s [code] &amp; MPWNCX. Help",
        ),
        ("code: F6DK04 / XZMSCW", "code: [code] / [code]"),
        ("my pnr is qw7r2t", "my pnr is [code]"),
        ("booking code QWERTY", "booking code [code]"),
        ("confirmation is ABCDEF. 3 hours late", "confirmation is [code]. 3 hours late"),
        ("confirmation # is fwwe7f", "confirmation # is [code]"),
        ("record locator BSUXLU", "record locator [code]"),
        ("PNR: ABCDEF PLEASE HELP", "PNR: [code] PLEASE HELP"),
        ("our reservation is MKWLKR.", "our reservation is [code]."),
        ("reservation (FEHQNE)", "reservation ([code])"),
        ("booking ref 123456", "booking ref [code]"),
        ("numéro de dossier : RTYUIO", "numéro de dossier : [code]"),
        ("ma réservation n° KJHGFD merci", "ma réservation n° [code] merci"),
        ("référence AB12CD annulée", "référence [code] annulée"),
    ],
)
def test_what_names_somebody_is_redacted(text, left):
    assert redacted(text) == left


@pytest.mark.parametrize(
    "text",
    [
        "THANKS for the upgrade, REALLY",
        "BOOKING SYSTEM IS DOWN AGAIN",
        "still no booking THANKS",
        "MY RESERVATION JAMAIS CONFIRMEE, MERCI",
        "la réservation ENCORE perdue",
        "waiting for my confirmation PLEASE answer",
        "booking online took 2hours and 30mins",
        "confirmation number please",
        "flight AF1234 and UA1516, DL0042 late",
        "Flight N33103 arrives; vol XY12Z9 en retard",
        "seat 12A, gate B22, row 31, terminal 2E, A320neo, 747max, 737-800",
        "since 10:30 to 23:59, 24/12/2025, 2025-12-24 11:35, 24.12.2025, 01-02-2015",
        "from 2014-2015 we flew 200000 miles for 1,250.00 EUR or 1 250,50 €",
        "paid 100000 points, lost 250000, flew 1000000 km",
        "ranked 1 2 3 4 5 6 7, then 10 9 8 7 6 5 4",
        "2nd time, 100% sure, 3x, gr8 l8r gr8ful b4ucall me2sit",
        "à 18h30 vol AF0083 retard de 2h45 !!! 😡",
        "I paid $1,234,567.89 ... wow",
        "e.g. no.Thanks",
        "C'est la 3ème fois en 2025 que ça m'arrive",
    ],
)
def test_what_names_nobody_stays(text):
    assert redacted(text) == text


def test_redacting_again_changes_nothing():
    text = "@a https://x.example b@c.example +33 6 12 34 56 78 pnr ABCDEF & GHIJKL 4111111111111111"
    once = redacted(text)
    assert once == "@user http [e-mail] [phone] pnr [code] & [code] [number]"
    assert redacted(once) == once


@pytest.mark.parametrize(
    "piece",
    ["a", "a.", "a@", "@", "a@b.", "0", "1 ", "1-", "+1", "(", "booking ", "ref #", "x1", "A1",
     "www.", "http", "a-", "conf no is ", "[code] and ", "é", "\n", "flight "],
)  # fmt: skip
def test_the_time_is_linear_in_the_text(piece):
    def seconds(length):
        text = (piece * length)[:length]
        best = float("inf")
        for _ in range(3):
            started = time.process_time()
            redacted(text)
            best = min(best, time.process_time() - started)
        return best

    # Eight times the text: about eight times the time, where squares would take 64 times.
    assert seconds(80_000) < 24 * max(seconds(10_000), 1e-3)

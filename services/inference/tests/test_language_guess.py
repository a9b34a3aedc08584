"""The language of a tweet, at a glance."""

import pytest

from inference.language import MOST_CHARACTERS, UNKNOWN, guess_language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("@AirParadis three hours at the gate and nobody tells us anything", "en"),
        ("I don't know where my bag is", "en"),
        ("@AirParadis j'attends ma valise depuis deux heures, c'est une honte", "fr"),
        ("Merci pour l’accueil à bord !", "fr"),
        ("Mein Koffer ist nicht da und ich warte", "de"),
        ("No sé dónde está mi maleta, muy mal servicio", "es"),
        ("Non so dove sono le mie valigie, che servizio", "it"),
        ("Mijn koffer is niet aangekomen en ik wacht al uren", "nl"),
        ("Não sei onde está a minha mala, muito mau", "pt"),
        ("", UNKNOWN),
        ("#fail @AirParadis AP123 https://t.co/the", UNKNOWN),
        ("飛行機が遅れています", UNKNOWN),
    ],
)
def test_the_language_of_a_tweet(text, language):
    assert guess_language(text) == language


def test_only_the_beginning_of_a_long_text_is_read():
    assert guess_language("x " * MOST_CHARACTERS + "the") == UNKNOWN


def test_two_languages_with_as_good_a_claim_are_none():
    assert guess_language("the und") == UNKNOWN

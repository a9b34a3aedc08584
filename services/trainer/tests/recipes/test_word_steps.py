"""Settings of word-level recipes, and the text steps that they become."""

import pytest

from trainer.errors import TrainerError
from trainer.recipes.words import WordSettings, word_steps

TWEET = "@AirParadis the DELAYED flights weren't rescheduled 😂 &amp; never nice http://t.co/x"


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, "@user the delayed flights weren't rescheduled <joy> & never nice http"),
        (
            {"normalisation": "stem"},
            "@user the delay flight weren't reschedul <joy> & never nice http",
        ),
        (
            {"normalisation": "lemma"},
            "@user the delay flight weren't reschedule <joy> & never nice http",
        ),
        (
            {"stop_words": "drop"},
            "@user delayed flights weren't rescheduled <joy> & never nice http",
        ),
        (
            {"stop_words": "drop", "normalisation": "stem"},
            "@user delay flight weren't reschedul <joy> & never nice http",
        ),
    ],
)
def test_settings_become_steps(settings, expected):
    prepared = word_steps(WordSettings(**settings), ("en",)).apply(TWEET)
    assert prepared.split() == expected.replace("<joy>", "emoji_face_with_tears_of_joy").split()


def test_each_language_of_the_data_has_its_turn():
    settings = WordSettings(stop_words="drop", normalisation="stem")
    steps = word_steps(settings, ("fr", "en"))
    assert [(spec.name, spec.parameters.get("language")) for spec in steps.specs[-5:]] == [
        ("stop-words", "fr"),
        ("stop-words", "en"),
        ("stems", "fr"),
        ("stems", "en"),
        ("emoji", None),
    ]
    assert steps.apply("le vol n'est pas annulé, the flight isn't late").split() == (
        "vol n'est pas annul, flight isn't lat".split()
    )


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"normalisation": "stem"}, "normalisation=stem: there is no stemmer here for nl"),
        ({"normalisation": "lemma"}, "normalisation=lemma: there is no lemmatiser here for nl"),
        ({"stop_words": "drop"}, "stop_words=drop: there is no list of stop words here for nl"),
    ],
)
def test_a_language_without_what_is_asked_is_refused(settings, message):
    with pytest.raises(TrainerError, match=f"{message}, only for en, fr") as caught:
        word_steps(WordSettings(**settings), ("en", "nl"))
    assert "\n" not in str(caught.value)


def test_a_language_without_word_lists_may_be_left_as_it_is():
    assert word_steps(WordSettings(), ("nl",)).apply("GEEN vluchten") == "geen vluchten"

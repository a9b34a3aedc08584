"""Every language says everything."""

import re
from string import Formatter

import pytest

from frontend.api.failures import FAILURES_BY_TYPE
from frontend.errors import ApiError
from frontend.i18n import LANGUAGES, Catalogue, best_language, catalogue
from frontend.views import VIEWS

EVERY_LANGUAGE = pytest.mark.parametrize("language", list(LANGUAGES))


def fields(message: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(message) if name}


def subclasses(kind: type[ApiError]) -> set[type[ApiError]]:
    direct = set(kind.__subclasses__())
    return direct.union(*(subclasses(item) for item in direct))


@EVERY_LANGUAGE
def test_languages_have_the_same_messages_with_the_same_values(language: str) -> None:
    expected = {key: fields(text) for key, text in catalogue("en").messages.items()}
    actual = {key: fields(text) for key, text in catalogue(language).messages.items()}
    assert actual == expected
    assert all(text.strip(" \n") for text in catalogue(language).messages.values())
    assert len(catalogue(language).examples) == len(catalogue("en").examples)


@EVERY_LANGUAGE
def test_every_failure_and_view_has_words(language: str) -> None:
    words = catalogue(language)
    kinds = {item.kind for item in subclasses(ApiError)}
    assert kinds >= {item.kind for item in FAILURES_BY_TYPE.values()}
    for kind in kinds:
        assert words(f"problem.{kind}.title")
        assert words(f"problem.{kind}.action", url="http://api")
    for view in VIEWS:
        assert words(f"view.{view.name}")


def test_french_signs_are_not_torn_from_their_words() -> None:
    words = catalogue("fr")
    for text in [*words.messages.values(), *words.examples]:
        assert not re.search(r" [;:?!%»]|« ", text), text


@pytest.mark.parametrize(
    ("locale", "language"),
    [
        ("fr-CA", "fr"),
        ("fr", "fr"),
        ("FR-fr", "fr"),
        ("en-GB", "en"),
        ("de-DE", "en"),
        (None, "en"),
    ],
)
def test_the_browser_chooses_the_language(locale: str | None, language: str) -> None:
    assert best_language(locale) == language


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.0, "0%"), (0.004, "< 1%"), (0.5, "50%"), (0.996, "> 99%"), (1.0, "100%")],
)
def test_percentages_do_not_claim_certainty(share: float, text: str) -> None:
    assert catalogue("en").percent(share) == text


def test_labels_of_other_models_stay_as_they_are() -> None:
    words: Catalogue = catalogue("fr")
    assert words.label("negative") == "Négatif"
    assert words.label("baggage") == "baggage"

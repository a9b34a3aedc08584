"""Every page says in its own words that the service is away or refuses, and shows no traceback."""

from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from frontend.i18n import LANGUAGES, catalogue
from frontend.views import VIEWS

EVERY_VIEW = pytest.mark.parametrize("view", [view.name for view in VIEWS])
PATHS = (
    "/v1/model", "/v1/explain", "/v1/predict", "/v1/radar", "/v1/alerts", "/v1/quality",
    "/v1/drift", "/v1/audit",
)  # fmt: skip
Open = Callable[[str], AppTest]
Seen = Callable[[AppTest], str]


@EVERY_VIEW
@pytest.mark.parametrize("language", list(LANGUAGES))
def test_a_stopped_api_is_explained_once_and_the_page_mends_itself(
    open_view: Open, seen: Seen, stand_in: Any, view: str, language: str
) -> None:
    words = catalogue(language)
    stand_in.stop()
    page = open_view(view)
    page.query_params["language"] = language
    shown = seen(page.run())
    assert page.title[0].value == words(f"{view}.title")
    assert shown.count(words("problem.unreachable.title")) == 1
    assert stand_in.url in shown
    stand_in.start()
    assert words("problem.unreachable.title") not in seen(page.run())


@EVERY_VIEW
@pytest.mark.parametrize(
    ("status", "name", "kind"),
    [
        (401, "key-missing", "no_access"),
        (503, "model-unavailable", "not_ready"),
        (503, "store-unavailable", "unavailable"),
        (429, "overloaded", "busy"),
        (500, "internal-error", "broken"),
    ],
)
def test_an_api_that_refuses_everything_is_explained(
    open_view: Open,
    seen: Seen,
    stand_in: Any,
    make_answer: Any,
    view: str,
    status: int,
    name: str,
    kind: str,
) -> None:
    words = catalogue("en")
    for path in PATHS:
        stand_in.answers[path] = make_answer.problem(status, name, "why")
    shown = seen(open_view(view).run())
    assert shown.count(words(f"problem.{kind}.title")) == 1
    assert "The service says: why" in shown


@EVERY_VIEW
def test_an_api_that_stops_between_two_answers_is_explained(
    open_view: Open, seen: Seen, stand_in: Any, make_answer: Any, view: str
) -> None:
    """The page has learnt of the model, and then gets nothing that it can read."""
    for path in PATHS[1:]:
        stand_in.answers[path] = make_answer(body=b"<html>")
    shown = seen(open_view(view).run())
    asks = view not in ("analyse", "batch")
    assert (catalogue("en")("problem.broken.title") in shown) is asks

"""Every alert that the API raises by itself is in the guide, and has words on the page."""

from pathlib import Path

import pytest

from frontend.i18n import LANGUAGES, catalogue

GUIDE = Path(__file__).parents[2] / "docs/monitoring.md"


@pytest.fixture(scope="module")
def kinds() -> set[str]:
    from inference.alerts import findings, surges
    from inference.drift import watch

    rules = {findings.REJECTIONS, findings.REJECTION_RATE, findings.ERRORS, findings.LATENCY}
    return rules | {surges.KIND, watch.KIND}


@pytest.mark.parametrize("language", list(LANGUAGES))
def test_every_kind_has_words_on_the_page(kinds, language):
    messages = catalogue(language).messages
    for part in ("kind", "said", "mend"):
        prefix = f"alerts.{part}."
        worded = {key.removeprefix(prefix) for key in messages if key.startswith(prefix)}
        assert worded - {"other"} == kinds, part


def test_every_kind_is_in_the_guide(kinds):
    guide = GUIDE.read_text(encoding="utf-8")
    assert [kind for kind in sorted(kinds) if f"`{kind}`" not in guide] == []

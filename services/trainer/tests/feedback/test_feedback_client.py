"""Reading feedback from an HTTP server that answers as the API documents."""

from datetime import UTC, datetime

import pytest

from trainer.errors import TrainerError, UnavailableError
from trainer.feedback import client
from trainer.feedback.client import inference_url, read_feedback
from trainer.progress import NoProgress

ITEM = {
    "prediction_id": "5b1e43d6-7f0c-4a38-a37e-5d6c5a7a7f0e",
    "text": "late",
    "label": "negative",
    "predicted_label": "positive",
    "verdict": "rejected",
    "reviewer": "r-7",
    "reviewer_key": "ann",
    "audit": False,
    "judged_at": "2026-01-01T00:00:00Z",
    "model_name": "m",
    "model_version": "1",
}


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    """Retries come within a moment, where a user's wait for seconds."""
    monkeypatch.setattr(client, "BACKOFF_SECONDS", 0.01)


def test_all_pages_are_read_under_the_key(api, monkeypatch):
    monkeypatch.setenv("RADAR_API_KEY", "radar_secret")
    api.answers = [
        (200, {"items": [ITEM, ITEM | {"text": "lost"}], "next": "abc="}),
        (200, {"items": [ITEM | {"reviewer_key": None}], "next": None}),
    ]
    found = read_feedback(api.url, NoProgress())
    assert [item.text for item in found] == ["late", "lost", "late"]
    assert found[0].judged_at == datetime(2026, 1, 1, tzinfo=UTC)
    assert [item.reviewer_key for item in found] == ["ann", "ann", None]
    path, key = "/v1/feedback/labelled", "Bearer radar_secret"
    assert api.asked == [
        (path, {"limit": ["1000"]}, key),
        (path, {"limit": ["1000"], "after": ["abc="]}, key),
    ]


def test_without_a_key_none_is_sent_and_a_refusal_says_what_to_set(api, monkeypatch):
    monkeypatch.delenv("RADAR_API_KEY", raising=False)
    api.answers = [(401, {"type": "/problems/key-missing"})]
    with pytest.raises(TrainerError, match=r"refuses .* \(401\): set RADAR_API_KEY"):
        read_feedback(api.url, NoProgress())
    assert [key for _, _, key in api.asked] == [None]


def test_a_server_that_is_busy_is_asked_again(api):
    api.answers = [(503, {}), (429, {}), (200, {"items": [ITEM], "next": None})]
    assert len(read_feedback(api.url, NoProgress())) == 1
    assert len(api.asked) == 3


@pytest.mark.parametrize("status", [500, 503])
def test_a_server_that_stays_unable_may_be_asked_later(api, status):
    api.answers = [(status, {})]
    with pytest.raises(UnavailableError, match=f"cannot give feedback now .{status}."):
        read_feedback(api.url, NoProgress())


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (404, {}, "answers 404: is INFERENCE_URL the API's address"),
        (200, "<html>", "the body: Invalid JSON"),
        (200, {"items": [{**ITEM, "label": None}], "next": None}, r"items\.0\.label"),
        (200, {"items": [{**ITEM, "judged_at": "2026-01-01T00:00:00"}], "next": None}, "judged_at"),
        (200, {"items": [ITEM], "next": "abc"}, "its own next"),
    ],
)
def test_an_answer_that_is_no_feedback_is_refused_without_showing_it(api, status, body, said):
    api.answers = [(status, body)]
    with pytest.raises(TrainerError, match=said) as refused:
        read_feedback(api.url, NoProgress())
    assert not isinstance(refused.value, UnavailableError)
    assert "late" not in str(refused.value)


def test_nobody_there_is_said(free_port):
    with pytest.raises(UnavailableError, match=r"at http://127.0.0.1:\d+ .INFERENCE_URL. does not"):
        read_feedback(f"http://127.0.0.1:{free_port()}", NoProgress())


def test_what_is_no_address_is_said():
    with pytest.raises(TrainerError, match="INFERENCE_URL 'nonsense' is no address"):
        read_feedback("nonsense", NoProgress())


def test_the_address_comes_from_the_option_or_the_variable(monkeypatch):
    monkeypatch.setenv("INFERENCE_URL", "http://a:8000/")
    assert inference_url(None) == "http://a:8000"
    assert inference_url("http://b/") == "http://b"
    monkeypatch.setenv("INFERENCE_URL", "")
    assert inference_url(None) is None

"""The client against a real server that answers well, badly, late or not at all."""

import json
from pathlib import Path
from typing import Any

import pytest

from frontend.api.answers import QueuedReceipt, Receipt, Verdict
from frontend.api.client import ApiClient
from frontend.api.failures import LONGEST_DETAIL
from frontend.errors import (
    ApiError,
    BrokenError,
    BusyError,
    NoAccessError,
    NotReadyError,
    RefusedError,
    TextTooLongError,
    TimedOutError,
    UnavailableError,
    UnknownPredictionError,
    UnreachableError,
)

GOOD = {
    "id": "p",
    "label": "a",
    "probabilities": {"a": 0.9, "b": 0.1},
    "uncertain": False,
    "truncated": False,
    "token_count": 3,
    "model_name": "m",
    "model_version": "1",
    "demonstration": False,
}


def test_a_prediction_is_read(client: ApiClient, stand_in: Any) -> None:
    prediction = client.predict("Thank you 💙 \ud800")
    assert prediction.label == "positive"
    assert prediction.probabilities["negative"] == 0.08
    assert (prediction.model_name, prediction.model_version) == ("tweet-sentiment", "7")
    assert stand_in.bodies("/v1/predict") == [{"text": "Thank you 💙 \ud800"}]


def test_the_model_is_read(client: ApiClient) -> None:
    model = client.model()
    assert model.labels == ("negative", "neutral", "positive")
    assert model.demonstration is False


def test_a_verdict_without_consent_carries_no_text(client: ApiClient, stand_in: Any) -> None:
    receipt = client.give_feedback(
        Verdict(prediction_id="p", verdict="rejected", corrected_label="neutral")
    )
    assert (receipt.revision, receipt.text_kept) == (1, False)
    assert stand_in.bodies("/v1/feedback") == [
        {
            "prediction_id": "p",
            "verdict": "rejected",
            "corrected_label": "neutral",
            "channel": "page",
        }
    ]


def test_a_queued_verdict_is_told_from_a_stored_one(
    client: ApiClient, stand_in: Any, make_answer: Any
) -> None:
    verdict = Verdict(prediction_id="p", verdict="confirmed")
    assert type(client.give_feedback(verdict)) is Receipt
    stand_in.answers["/v1/feedback"] = make_answer.queued()
    assert type(client.give_feedback(verdict)) is QueuedReceipt


@pytest.mark.parametrize("changes", [{"queued": False}, {"created_at": None}, {"verdict": "x"}])
def test_a_202_that_is_no_queued_receipt_is_a_broken_answer(
    client: ApiClient, stand_in: Any, make_answer: Any, changes: dict[str, Any]
) -> None:
    stand_in.answers["/v1/feedback"] = make_answer.queued(**changes)
    with pytest.raises(BrokenError):
        client.give_feedback(Verdict(prediction_id="p", verdict="confirmed"))


def test_only_verdicts_may_be_queued(client: ApiClient, stand_in: Any, make_answer: Any) -> None:
    stand_in.answers["/v1/predict"] = make_answer(202, json.dumps(GOOD).encode())
    with pytest.raises(BrokenError):
        client.predict("x")


def test_consent_goes_with_the_text(client: ApiClient, stand_in: Any) -> None:
    receipt = client.give_feedback(Verdict(prediction_id="p", verdict="confirmed", text="hello"))
    assert receipt.text_kept
    (body,) = stand_in.bodies("/v1/feedback")
    assert (body["text"], body["consent"]) == ("hello", True)


def test_each_call_carries_the_key_and_nothing_else_that_a_machine_has(
    stand_in: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password zanzibar\n")
    monkeypatch.setenv("NETRC", str(netrc))
    for key in ("radar_key", None):
        client = ApiClient(stand_in.url, key)
        client.model()
        client.predict("x")
    assert stand_in.authorizations == ["Bearer radar_key", "Bearer radar_key", None, None]


@pytest.mark.parametrize(
    ("status", "name", "failure"),
    [
        (401, "key-missing", NoAccessError),
        (401, "key-unknown", NoAccessError),
        (401, "key-expired", NoAccessError),
        (403, "scope-missing", NoAccessError),
        (429, "rate-limited", BusyError),
        (503, "model-unavailable", NotReadyError),
        (503, "store-unavailable", UnavailableError),
        (429, "overloaded", BusyError),
        (422, "text-refused", RefusedError),
        (422, "text-too-long", TextTooLongError),
        (404, "unknown-prediction", UnknownPredictionError),
        (500, "internal-error", BrokenError),
    ],
)
def test_problems_become_named_failures(
    client: ApiClient,
    stand_in: Any,
    make_answer: Any,
    status: int,
    name: str,
    failure: type[ApiError],
) -> None:
    stand_in.answers["/v1/predict"] = make_answer.problem(status, name, "mend it so")
    with pytest.raises(ApiError) as raised:
        client.predict("x")
    assert type(raised.value) is failure
    assert raised.value.detail == "mend it so"
    assert raised.value.retryable == (status in (401, 403, 429, 500, 503))


@pytest.mark.parametrize(
    ("status", "failure"),
    [(400, RefusedError), (429, BusyError), (500, BrokenError), (502, UnavailableError),
     (503, UnavailableError), (504, UnavailableError)],
)  # fmt: skip
def test_without_a_problem_document_the_status_decides(
    client: ApiClient, stand_in: Any, make_answer: Any, status: int, failure: type[ApiError]
) -> None:
    stand_in.answers["/v1/predict"] = make_answer(status, b"<html>gateway</html>", "text/html")
    with pytest.raises(ApiError) as raised:
        client.predict("x")
    assert type(raised.value) is failure
    assert raised.value.detail == ""


@pytest.mark.parametrize("document", [b"[]", b"not json", b'{"type": 3}', b"\xff\xfe"])
def test_a_broken_problem_document_still_has_its_status(
    client: ApiClient, stand_in: Any, make_answer: Any, document: bytes
) -> None:
    stand_in.answers["/v1/model"] = make_answer(503, document, "application/problem+json")
    with pytest.raises(UnavailableError):
        client.model()


def test_a_long_detail_is_cut(client: ApiClient, stand_in: Any, make_answer: Any) -> None:
    stand_in.answers["/v1/model"] = make_answer.problem(500, "internal-error", "x" * 10_000)
    with pytest.raises(BrokenError) as raised:
        client.model()
    assert len(raised.value.detail) == LONGEST_DETAIL


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html></html>",
        b"null",
        b"\x00\xff",
        json.dumps(GOOD | {"label": "c"}).encode(),
        json.dumps(GOOD | {"probabilities": {"a": 1.7}}).encode(),
        json.dumps(GOOD).replace("0.9", "NaN").encode(),
        json.dumps({key: value for key, value in GOOD.items() if key != "id"}).encode(),
    ],
)
def test_garbage_is_a_broken_answer(
    client: ApiClient, stand_in: Any, make_answer: Any, body: bytes
) -> None:
    stand_in.answers["/v1/predict"] = make_answer(body=body)
    with pytest.raises(BrokenError):
        client.predict("x")


def test_redirects_are_not_followed(client: ApiClient, stand_in: Any, make_answer: Any) -> None:
    stand_in.answers["/v1/model"] = make_answer(302, location="/v1/predict")
    with pytest.raises(BrokenError):
        client.model()
    assert len(stand_in.calls) == 1


def test_a_late_answer_is_a_time_out(client: ApiClient, stand_in: Any, make_answer: Any) -> None:
    stand_in.answers["/v1/model"] = make_answer(delay=1.0)
    with pytest.raises(TimedOutError):
        client.model()


def test_nobody_there_is_unreachable_and_a_restart_is_noticed(
    client: ApiClient, stand_in: Any
) -> None:
    client.model()
    stand_in.stop()
    with pytest.raises(UnreachableError):
        client.model()
    stand_in.start()
    assert client.model().version == "7"

"""Verdicts reach the API once, in order, whatever happens to it in between."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from frontend.api.answers import Prediction, Verdict
from frontend.api.client import ApiClient
from frontend.outbox import Delivery, Outbox, State
from frontend.session import Analysis, Session


def delivery(prediction_id: str = "p", verdict: str = "confirmed") -> Delivery:
    return Delivery(Verdict.model_validate({"prediction_id": prediction_id, "verdict": verdict}))


@pytest.fixture
def analysis(client: ApiClient) -> Analysis:
    return Analysis("Thank you", client.predict("Thank you"))


def test_a_verdict_is_delivered_at_once_and_never_again(client: ApiClient, stand_in: Any) -> None:
    outbox, sent = Outbox(), delivery()
    outbox.post(sent, client)
    assert sent.state is State.DELIVERED
    outbox.flush(client)
    assert len(stand_in.bodies("/v1/feedback")) == 1


def test_a_verdict_waits_for_the_api(client: ApiClient, stand_in: Any) -> None:
    outbox, sent = Outbox(), delivery()
    stand_in.stop()
    outbox.post(sent, client)
    outbox.flush(client)
    assert sent.state is State.WAITING
    stand_in.start()
    outbox.flush(client)
    outbox.flush(client)
    assert sent.state is State.DELIVERED
    assert len(stand_in.bodies("/v1/feedback")) == 1


def test_a_verdict_that_the_service_has_queued_is_not_sent_again(
    client: ApiClient, stand_in: Any, make_answer: Any
) -> None:
    outbox, sent = Outbox(), delivery()
    stand_in.answers["/v1/feedback"] = make_answer.queued()
    outbox.post(sent, client)
    outbox.flush(client)
    assert sent.state is State.QUEUED
    assert len(stand_in.bodies("/v1/feedback")) == 1
    session = Session(earlier=[sent])
    assert not session.is_waiting()
    assert session.unsettled() == []


@pytest.mark.parametrize("text", [None, "hello"])
def test_a_queued_text_counts_as_given(
    client: ApiClient, stand_in: Any, make_answer: Any, text: str | None
) -> None:
    sent = Delivery(Verdict(prediction_id="p", verdict="confirmed", text=text))
    assert not sent.has_text
    stand_in.answers["/v1/feedback"] = make_answer.queued()
    Outbox().post(sent, client)
    assert sent.has_text is (text is not None)


def test_of_two_minds_on_one_tweet_the_last_is_sent(client: ApiClient, stand_in: Any) -> None:
    outbox, first, last = Outbox(), delivery(), delivery(verdict="rejected")
    stand_in.stop()
    outbox.post(first, client)
    outbox.post(last, client)
    stand_in.start()
    outbox.flush(client)
    assert [body["verdict"] for body in stand_in.bodies("/v1/feedback")] == ["rejected"]
    assert last.state is State.DELIVERED


def test_a_refused_verdict_is_not_sent_again(
    client: ApiClient, stand_in: Any, make_answer: Any
) -> None:
    outbox, sent = Outbox(), delivery()
    stand_in.answers["/v1/feedback"] = make_answer.problem(404, "unknown-prediction", "gone")
    outbox.post(sent, client)
    outbox.flush(client)
    assert sent.state is State.REFUSED
    assert len(stand_in.bodies("/v1/feedback")) == 1


def test_a_dead_service_costs_one_time_out_however_many_wait(
    client: ApiClient, stand_in: Any, make_answer: Any
) -> None:
    outbox = Outbox()
    stand_in.stop()
    for name in "abc":
        outbox.post(delivery(name), client)
    stand_in.answers["/v1/feedback"] = make_answer(delay=1.0)
    stand_in.start()
    outbox.flush(client)
    assert len(stand_in.bodies("/v1/feedback")) == 1


def test_a_verdict_that_breaks_the_service_holds_up_no_other(
    client: ApiClient, stand_in: Any, make_answer: Any
) -> None:
    outbox, bad, good = Outbox(), delivery("bad"), delivery("good")
    stand_in.answers["/v1/feedback"] = make_answer.problem(500, "internal-error", "oops")
    outbox.post(bad, client)
    outbox.post(good, client)
    assert [body["prediction_id"] for body in stand_in.bodies("/v1/feedback")] == [
        "bad", "bad", "good"
    ]  # fmt: skip
    del stand_in.answers["/v1/feedback"]
    outbox.flush(client)
    assert {bad.state, good.state} == {State.DELIVERED}


def test_tabs_that_flush_together_send_once(
    client: ApiClient, stand_in: Any, make_answer: Any
) -> None:
    outbox, sent = Outbox(), delivery()
    stand_in.stop()
    outbox.post(sent, client)
    slow = stand_in.own_answer("/v1/feedback", {"prediction_id": "p", "verdict": "confirmed"})
    stand_in.answers["/v1/feedback"] = make_answer(body=slow.body, delay=0.2)
    stand_in.start()
    clients = [ApiClient(stand_in.url) for _ in range(4)]
    with ThreadPoolExecutor(4) as tabs:
        list(tabs.map(outbox.flush, clients))
    assert sent.state is State.DELIVERED
    assert len(stand_in.bodies("/v1/feedback")) == 1


def test_the_same_answer_twice_is_one_delivery(analysis: Analysis) -> None:
    first = analysis.answer("rejected", "neutral", consent=False)
    assert first is not None
    assert analysis.answer("rejected", "neutral", consent=False) is None
    changed = analysis.answer("rejected", "positive", consent=False)
    assert changed is not None
    assert changed is not first


def test_consent_given_later_is_sent(analysis: Analysis) -> None:
    analysis.answer("confirmed", None, consent=False)
    later = analysis.answer("confirmed", None, consent=True)
    assert later is not None
    assert later.verdict.text == "Thank you"


def test_a_refused_verdict_may_be_given_again(
    analysis: Analysis, client: ApiClient, stand_in: Any, make_answer: Any
) -> None:
    stand_in.answers["/v1/feedback"] = make_answer.problem(422, "unknown-label", "no")
    first = analysis.answer("confirmed", None, consent=False)
    assert first is not None
    Outbox().post(first, client)
    assert analysis.answer("confirmed", None, consent=False) is not None


def test_a_waiting_verdict_outlives_its_tweet(
    analysis: Analysis, client: ApiClient, stand_in: Any
) -> None:
    session, outbox = Session(analysis=analysis), Outbox()
    stand_in.stop()
    sent = analysis.answer("confirmed", None, consent=False)
    assert sent is not None
    outbox.post(sent, client)
    prediction: Prediction = analysis.prediction.model_copy(update={"id": "next"})
    session.show(Analysis("next", prediction))
    assert session.unsettled() == [sent]
    assert session.is_waiting()
    stand_in.start()
    outbox.flush(client)
    assert session.unsettled() == []
    assert not session.is_waiting()

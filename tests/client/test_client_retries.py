"""What is asked again, when, and what is not."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from radar_client import (
    AnswerError,
    AsyncClient,
    BusyError,
    Client,
    NoAnswerError,
    Policy,
    ProblemError,
    SettingError,
    UnavailableError,
)
from radar_client.exchange import Broken, Call, Reply, Send, Sleep, exchange
from radar_client.retries import seconds_to_wait

PREDICTED = {
    "id": "0b1e7f3c-63d5-4c7b-9b3d-2a1f0c9d8e7f",
    "label": "negative",
    "probabilities": {"negative": 0.9, "positive": 0.1},
    "uncertain": False,
    "truncated": False,
    "token_count": 3,
    "model_name": "m",
    "model_version": "1",
    "demonstration": True,
    "added_later": 1,
}
RECEIPT = {
    "prediction_id": PREDICTED["id"],
    "verdict": "confirmed",
    "corrected_label": None,
    "revision": 1,
    "created_at": "2026-01-02T03:04:05Z",
    "text_kept": False,
}
QUICK = Policy(first_wait=0.01, deadline=20)
NOW = datetime(2026, 1, 2, tzinfo=UTC)


def predict(url, policy=QUICK, text="zanzibar"):
    with Client(url, policy=policy) as client:
        return client.predict(text)


def judge(url, policy=QUICK):
    with Client(url, policy=policy) as client:
        return client.feedback(PREDICTED["id"], "confirmed")


@pytest.mark.parametrize("status", [429, 503])
def test_a_refusal_is_asked_again_after_the_time_it_names(scripted, refusal, answer, status):
    server = scripted(refusal(status, "overloaded", Retry_After="1"), answer(200, PREDICTED))
    assert predict(server.url).label == "negative"
    first, second = server.times
    assert 1.0 <= second - first < 2.5


def test_a_date_in_the_answers_own_time_is_understood(scripted, refusal, answer):
    ahead = datetime.now(UTC).replace(microsecond=0) + timedelta(days=3)  # a clock far from ours
    until = ahead + timedelta(seconds=1)
    headers = {"Retry_After": format_datetime(until, usegmt=True)}
    away = refusal(503, "store-unavailable", **headers)
    away.headers["Date"] = format_datetime(ahead, usegmt=True)
    server = scripted(away, answer(200, PREDICTED))
    assert predict(server.url).label == "negative"
    first, second = server.times
    assert 1.0 <= second - first < 2.5


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "Fri, 02 Jan 2026 00:00:09 GMT"}, 9.0),
        ({"retry-after": "Thu, 01 Jan 2026 00:00:09 GMT"}, 0.0),
        (
            {
                "retry-after": "Sat, 03 Jan 2026 00:00:09 GMT",
                "date": "Sat, 03 Jan 2026 00:00:04 GMT",
            },
            5.0,
        ),
    ],
)
def test_retry_after_is_seconds_or_a_date(headers, seconds):
    assert seconds_to_wait(headers, NOW) == seconds


def test_a_prediction_that_may_be_stored_is_not_asked_again(scripted, refusal, answer):
    for script in ((answer(0),), (refusal(504, "deadline-exceeded"),), (refusal(502, "gateway"),)):
        server = scripted(*script, answer(200, PREDICTED))
        with pytest.raises((NoAnswerError, ProblemError)):
            predict(server.url)
        assert len(server.requests) == 1
    server = scripted(answer(0), answer(200, PREDICTED))
    assert predict(server.url, Policy(first_wait=0.01, resend=True)).label == "negative"


def test_a_verdict_is_asked_again_since_twice_is_as_good_as_once(scripted, refusal, answer):
    server = scripted(answer(0), refusal(504, "deadline-exceeded"), answer(200, RECEIPT))
    assert judge(server.url).revision == 1
    assert len(server.requests) == 3
    assert len({headers["x-request-id"] for _, headers, _ in server.requests}) == 3


@pytest.mark.parametrize("status", [400, 404, 422, 500])
def test_what_would_fail_again_is_not_asked_again(scripted, refusal, status):
    server = scripted(refusal(status, "nonsense"))
    with pytest.raises(ProblemError) as caught:
        judge(server.url)
    assert (caught.value.status, caught.value.type) == (status, "/problems/nonsense")
    assert len(server.requests) == 1


def test_attempts_are_bounded(scripted, refusal):
    server = scripted(refusal(503, "model-unavailable"))
    with pytest.raises(UnavailableError) as caught:
        predict(server.url, Policy(attempts=3, first_wait=0.01))
    assert caught.value.detail == "for model-unavailable"
    assert len(server.requests) == 3


def test_a_wait_beyond_the_deadline_is_not_begun(scripted, refusal):
    server = scripted(refusal(429, "overloaded", Retry_After="30"))
    started = time.monotonic()
    with pytest.raises(BusyError) as caught:
        predict(server.url, Policy(deadline=5))
    assert caught.value.retry_after == 30.0
    assert time.monotonic() - started < 3
    assert len(server.requests) == 1


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_silence_ends_with_the_deadline(scripted, answer, kind):
    server = scripted(answer(200, PREDICTED, delay=3.0))
    policy = Policy(deadline=0.5, attempt_seconds=0.5)
    started = time.monotonic()

    async def awaited():
        async with AsyncClient(server.url, policy=policy) as client:
            await client.predict("zanzibar")

    with pytest.raises(NoAnswerError) as caught:
        predict(server.url, policy) if kind is Client else asyncio.run(awaited())
    assert time.monotonic() - started < 2.5
    assert caught.value.may_have_arrived is True
    ((_, headers, _),) = server.requests
    assert 0.3 < float(headers["x-request-timeout"]) < 0.5


def test_answers_of_something_else_are_named_without_their_words(scripted, answer):
    page = answer(200, b"<html>zanzibar</html>", media_type="text/html")
    with pytest.raises(AnswerError, match="RADAR_URL") as caught:
        predict(scripted(page).url)
    assert "zanzibar" not in str(caught.value)
    proxy = answer(403, b"zanzibar", media_type="text/plain")
    with pytest.raises(ProblemError) as refused:
        predict(scripted(proxy).url)
    assert (refused.value.type, refused.value.title) == ("about:blank", "Forbidden")
    missing = {name: value for name, value in PREDICTED.items() if name != "label"}
    with pytest.raises(AnswerError, match="label"):
        predict(scripted(answer(200, missing)).url)


def test_a_failed_request_costs_its_own_tweets_and_a_lost_service_the_rest(
    scripted, answer, refusal
):
    results = [{"index": at, "prediction": PREDICTED, "error": None} for at in range(256)]
    good, away = answer(200, {"results": results}), refusal(503, "store-unavailable")
    server = scripted(good, answer(0), good, away)
    with Client(server.url, policy=Policy(attempts=2, first_wait=0.01)) as client:
        items = client.predict_batch(["late"] * 256 * 5)
    assert len(server.requests) == 5  # the fourth twice, the fifth never
    assert [item.index for item in items] == list(range(256 * 5))
    kinds = [type(items[at].error) for at in range(0, 256 * 5, 256)]
    assert kinds == [type(None), NoAnswerError, type(None), UnavailableError, UnavailableError]
    assert all(type(item.error) is kinds[at // 256] for at, item in enumerate(items))


def test_one_text_is_no_batch(scripted, answer):
    server = scripted(answer(200, PREDICTED))
    with Client(server.url) as client, pytest.raises(TypeError, match="several"):
        client.predict_batch("late")
    assert server.requests == []


def test_a_batch_with_too_few_answers_is_refused(scripted, answer):
    with Client(scripted(answer(200, {"results": []})).url) as client:
        (item,) = client.predict_batch(["late"])
    assert isinstance(item.error, AnswerError)


def steps_of(policy, outcomes, *, chance=1.0, repeatable=False):
    """What a call does, given what comes back; the clock moves by what it waits."""
    now = 0.0
    call = Call("POST", "/x", lambda reply, _: reply.status, b"{}", repeatable=repeatable)
    steps = exchange(call, policy, clock=lambda: now, chance=lambda: chance)
    done, step = [], next(steps)
    outcomes = iter(outcomes)
    try:
        while True:
            done.append(step)
            if isinstance(step, Sleep):
                now += step.seconds
                step = steps.send(None)
            else:
                step = steps.send(next(outcomes))
    except StopIteration as end:
        return [*done, end.value]


def test_waits_double_to_a_bound_and_are_random_below_it():
    away = Broken("away", may_have_arrived=False)
    policy = Policy(attempts=7, first_wait=1, longest_wait=10, deadline=1_000)
    outcomes = [*[away] * 6, Reply(200, {}, b"")]
    for chance in (0.0, 0.5, 1.0):
        done = steps_of(policy, outcomes, chance=chance)
        waits = [step.seconds for step in done if isinstance(step, Sleep)]
        assert waits == [chance * bound for bound in (1, 2, 4, 8, 10, 10)]
        assert sum(isinstance(step, Send) for step in done) == 7


def test_clients_told_the_same_time_come_back_spread_and_never_early():
    busy = Reply(429, {"retry-after": "8"}, b"")
    for chance, wait in ((0.0, 8.0), (1.0, 10.0)):
        done = steps_of(Policy(), [busy, Reply(200, {}, b"")], chance=chance)
        assert [step.seconds for step in done if isinstance(step, Sleep)] == [wait]


@pytest.mark.parametrize(
    "url", ["127.0.0.1:8000", "ftp://host", "http://", "http://host:port", "http://host/?a=b"]
)
def test_an_address_that_is_none_is_refused(url):
    with pytest.raises(SettingError, match="RADAR_URL"):
        Client(url)


def test_secrets_in_the_wrong_place_are_refused_without_being_repeated():
    with pytest.raises(SettingError, match="RADAR_API_KEY") as caught:
        Client("http://name:zanzibar@host")
    assert "zanzibar" not in str(caught.value)
    with pytest.raises(SettingError, match="RADAR_API_KEY") as caught:
        Client("http://host", api_key="zanzibar\n")
    assert "zanzibar" not in str(caught.value)


@pytest.mark.parametrize("name", ["attempts", "deadline", "attempt_seconds", "first_wait"])
def test_a_policy_of_nothing_is_refused(name):
    with pytest.raises(ValueError, match=name):
        Policy(**{name: 0})

"""The client against the real API, waiting and awaited."""

import asyncio
import inspect
import os
import subprocess
import sys
import threading
import uuid

import httpx
import pytest

from radar_client import (
    AccessError,
    AsyncClient,
    Client,
    FeedbackReceipt,
    NoAnswerError,
    Policy,
    ProblemError,
    RefusedError,
)

pytestmark = pytest.mark.e2e

TEXT = "lovely crew zanzibar"


@pytest.fixture(params=["waiting", "awaited"])
def ask(request, api):
    """Calls a method of either client by name."""

    def waiting(name, *arguments, url=api, policy=None, **named):
        with Client(url, policy=policy) as client:
            return getattr(client, name)(*arguments, **named)

    def awaited(name, *arguments, url=api, policy=None, **named):
        async def call():
            async with AsyncClient(url, policy=policy) as client:
                return await getattr(client, name)(*arguments, **named)

        return asyncio.run(call())

    return waiting if request.param == "waiting" else awaited


def test_a_tweet_its_verdict_and_the_model(ask):
    model = ask("model")
    assert model.labels == ("negative", "neutral", "positive")
    assert model.demonstration is True
    made = ask("predict", TEXT)
    assert made.label == "positive"
    assert made.probabilities["positive"] == max(made.probabilities.values())
    assert (made.model_name, made.model_version) == (model.name, model.version)
    receipts = [
        ask("feedback", made.id, "rejected", corrected_label="neutral", text=TEXT) for _ in "ab"
    ]
    assert receipts[0] == receipts[1]
    assert isinstance(receipts[0], FeedbackReceipt)
    assert (receipts[0].revision, receipts[0].text_kept) == (1, True)
    assert ask("health").ready is True


def test_a_verdict_counts_as_an_audit_where_it_was_given_blind(ask, api):
    made = ask("predict", TEXT)
    ask("feedback", made.id, "confirmed")
    ask("feedback", made.id, "confirmed", blind=True)
    kept = httpx.get(f"{api}/v1/predictions/{made.id}").json()
    assert [verdict["audit"] for verdict in kept["verdicts"]] == [False, True]


def test_an_explanation_weighs_the_words_of_the_text(ask):
    made = ask("explain", TEXT, label="negative")
    assert (made.label, made.explained_label) == ("positive", "negative")
    words = [TEXT[word.start : word.end] for word in made.words]
    assert words == TEXT.split()
    assert made.words[0].weight < 0  # lovely
    added = sum(word.weight for word in made.words)
    assert added == pytest.approx(made.log_odds - made.base_log_odds, abs=1e-3)


def test_any_number_of_tweets_in_order_each_with_its_own_error(ask):
    texts = ["late" if at % 3 else "thank you" for at in range(600)]
    texts[300] = "lovely \ud800"  # half a surrogate pair
    items = ask("predict_batch", iter(texts))
    assert [item.index for item in items] == list(range(600))
    refused = [item for item in items if item.prediction is None]
    assert [item.index for item in refused] == [300]
    assert isinstance(refused[0].error, RefusedError)
    assert refused[0].error.type == "/problems/text-refused"
    with pytest.raises(RefusedError):
        refused[0].require()
    labels = [item.require().label for item in items if item.index != 300]
    expected = ["negative" if at % 3 else "positive" for at in range(600) if at != 300]
    assert labels == expected


def test_long_tweets_are_sent_in_requests_the_api_takes(ask):
    items = ask("predict_batch", ["late " * 1_900] * 256)  # 2.4 MB; the API takes 1 MB
    assert {item.require().truncated for item in items} == {True}


def test_a_failure_says_what_and_never_what_was_sent(ask):
    with pytest.raises(RefusedError) as caught:
        ask("predict", "zanzibar " * 2_000)
    error = caught.value
    assert (error.type, error.status) == ("/problems/text-too-long", 422)
    assert "18000 characters" in error.detail
    assert len(error.request_id) == 32
    while error is not None:
        assert "zanzibar" not in f"{error} {vars(error)}"
        error = error.__cause__ or error.__context__
    with pytest.raises(ProblemError) as unknown:
        ask("feedback", uuid.uuid4(), "confirmed")
    assert unknown.value.type == "/problems/unknown-prediction"


def test_a_key_is_asked_for_and_taken_from_the_environment(start_server, monkeypatch, tmp_path):
    server = start_server(ACCESS="keys", ready=False)
    data = {"DATA_DIR": str(tmp_path / "data")}
    made = subprocess.run(
        [sys.executable, "-m", "inference", "keys", "create", "tester", "--scope", "predict"],
        env=os.environ | data,
        capture_output=True,
        text=True,
        check=True,
    )
    key = next(word for word in made.stdout.split() if len(word) >= 32)
    with Client(server.url, policy=Policy(deadline=30)) as client:
        while not client.health().ready:
            threading.Event().wait(0.05)
        with pytest.raises(AccessError) as caught:
            client.predict(TEXT)
        assert caught.value.type == "/problems/key-missing"
    monkeypatch.setenv("RADAR_URL", server.url)
    monkeypatch.setenv("RADAR_API_KEY", key)
    with Client() as client:
        assert client.predict(TEXT).label == "positive"
        with pytest.raises(AccessError) as caught:
            client.feedback(uuid.uuid4(), "confirmed")
    assert caught.value.type == "/problems/scope-missing"
    assert key not in repr(vars(client))


def test_refusals_of_an_overloaded_api_are_waited_out(start_server, make_bundle, tmp_path):
    slow = make_bundle(tmp_path / "slow", layers=300)
    server = start_server(MODEL_SOURCE=str(slow), MAX_WAITING_TOKENS="40", INFERENCE_THREADS="1")
    refused, waits = [], []

    class Counting(Client):
        def _send(self, step):
            came = super()._send(step)
            if came.status == 429:
                refused.append(came)
                waits.append(int(came.headers["retry-after"]))
            return came

    def ask():
        with Counting(server.url, policy=Policy(attempts=60, deadline=60)) as client:
            for _ in range(2):
                answered.append(client.predict("late " * 30).label)

    answered: list[str] = []
    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answered == ["negative"] * 8
    assert refused
    assert min(waits) >= 1


def test_a_service_that_is_away_is_waited_for(start_server, free_port):
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with (
        Client(url, policy=Policy(attempts=2, first_wait=0.01)) as client,
        pytest.raises(NoAnswerError) as caught,
    ):
        client.predict(TEXT)
    assert caught.value.may_have_arrived is False

    # The port is given twice, and the last one counts.
    timer = threading.Timer(0.3, start_server, ["--port", str(port)], {"ready": False})
    timer.start()
    with Client(url, policy=Policy(attempts=500, longest_wait=0.3)) as client:
        made = client.predict(TEXT)
    timer.join()
    assert made.label == "positive"


def test_both_clients_offer_the_same():
    def offered(kind):
        members = inspect.getmembers(kind, inspect.isfunction)
        return {
            name: list(inspect.signature(member).parameters)
            for name, member in members
            if not name.startswith("_")
        }

    waiting, awaited = offered(Client), offered(AsyncClient)
    awaited["predict_batch"].remove("concurrency")
    assert waiting == awaited

"""What of the sample the demonstration tells the API, and what it does when that stumbles."""

import http.server
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from demo import replay
from demo.replay import ReplayError, Tweet
from demo.state import sample_file

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


@dataclass
class Api:
    """Answers each request with the next status of a list, then with 200."""

    statuses: list[int] = field(default_factory=list)
    requests: list[tuple[str, Any]] = field(default_factory=list)
    port: int = 0


@pytest.fixture
def api() -> Iterator[Api]:
    said = Api()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            said.requests.append((self.path, json.loads(body)))
            self.send_response(said.statuses.pop(0) if said.statuses else 200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        said.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield said
        server.shutdown()


def make_tweet(hours_ago: float, *, held_out: bool = False) -> Tweet:
    moment = datetime(2026, 3, 17, 23, 50, tzinfo=UTC) - timedelta(hours=hours_ago)
    return Tweet(f"tweet {hours_ago}", "negative", "u1", "Cumulus", moment, held_out)


def test_the_sample_moves_by_whole_days_to_the_last_24_hours() -> None:
    tweets = replay.read_sample(sample_file())
    moved = [datetime.fromisoformat(item["created_at"]) for item in replay.mentions(tweets, NOW)]
    shifts = {there - tweet.created_at for there, tweet in zip(moved, tweets, strict=True)}
    assert len(shifts) == 1
    assert not shifts.pop() % timedelta(days=1)
    assert timedelta(0) <= NOW - max(moved) < timedelta(days=1)
    assert len({item["id"] for item in replay.mentions(tweets, NOW)}) == len(tweets) == 1012


def test_only_held_out_tweets_are_predicted_and_most_are_judged() -> None:
    tweets = replay.read_sample(sample_file())
    requests = replay.predictions(tweets)
    held_out = {tweet.text: tweet.label for tweet in tweets if tweet.held_out}
    assert [request["text"] for request in requests] == list(held_out)
    judged = [request for request in requests if "true_label" in request]
    assert all(request["true_label"] == held_out[request["text"]] for request in judged)
    assert len(judged) == round(len(held_out) * 2 / 3)


def test_what_is_refused_for_now_is_sent_again(api: Api) -> None:
    api.statuses = [503, 504, 200, 429]
    pauses: list[None] = []
    replay.replay(api.port, [make_tweet(1, held_out=True)], lambda: pauses.append(None))
    paths = [path for path, _ in api.requests]
    assert paths == 3 * ["/v1/radar/mentions"] + 2 * ["/v1/predict"]
    assert len(pauses) == len(paths)


@pytest.mark.parametrize("status", [504, 422])
def test_a_prediction_that_may_have_counted_is_not_sent_again(api: Api, status: int) -> None:
    api.statuses = [200, status]
    with pytest.raises(ReplayError, match=rf"^/v1/predict answered {status}$"):
        replay.replay(api.port, [make_tweet(1, held_out=True)], lambda: None)
    assert len(api.requests) == 2


def test_an_api_that_stays_away_ends_the_replay(api: Api) -> None:
    api.statuses = [503] * 100
    with pytest.raises(ReplayError, match=r"^/v1/radar/mentions answered 503$"):
        replay.replay(api.port, [make_tweet(1)], lambda: None)
    assert len(api.requests) == replay.TRIES


def test_a_pause_can_end_the_replay(api: Api) -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        replay.replay(api.port, [make_tweet(1)], stop)
    assert api.requests == []

"""A file on its way through a real HTTP server that refuses, stumbles and goes away."""

import csv
import io
from typing import Any

import pytest

from frontend.api.client import ApiClient
from frontend.batch import download, job
from frontend.batch.job import Job
from frontend.batch.reading import read

BATCH = "/v1/predict/batch"
LONG_ENOUGH = 20.0


def make_job(*texts: str) -> Job:
    rows = "".join(f'"{text}",{number}\n' for number, text in enumerate(texts))
    return Job(read("tweets.csv", f"text,number\n{rows}".encode()), 0)


def test_every_tweet_is_asked_once_in_bounded_requests(client: ApiClient, stand_in: Any) -> None:
    task = make_job(*(f"tweet {number}" for number in range(150)))
    task.step(client, LONG_ENOUGH)
    assert task.finished
    sent = [body["texts"] for body in stand_in.bodies(BATCH)]
    assert [len(part) for part in sent] == [64, 64, 22]
    assert [text for part in sent for text in part] == [text for _, text, _ in task.answered()]
    assert task.counts() == {"negative": 150}


def test_long_tweets_make_small_requests(client: ApiClient, stand_in: Any) -> None:
    make_job(*(9_000 * "x" for _ in range(14))).step(client, LONG_ENOUGH)
    assert [len(body["texts"]) for body in stand_in.bodies(BATCH)] == [6, 6, 2]


def test_a_refused_tweet_joins_the_bad_rows_in_order(client: ApiClient, stand_in: Any) -> None:
    task = make_job("thanks", "", "REFUSE", "late", "  ")
    task.step(client, LONG_ENOUGH)
    assert [(bad.line, bad.reason, bad.detail) for bad in task.bad] == [
        (3, "no_text", ""),
        (4, "refused", "why"),
        (6, "no_text", ""),
    ]
    assert [row.line for row, _, _ in task.answered()] == [2, 5]
    listed = list(csv.DictReader(io.StringIO(download.bad_rows(task).decode("utf-8-sig"))))
    assert [row["line"] for row in listed] == ["3", "4", "6"]


def test_the_download_has_the_files_own_columns_and_the_answers(
    client: ApiClient, stand_in: Any
) -> None:
    task = Job(read("été;1.csv", "n;text\n1;thanks\n2;\n3;«late»; again\n4;late".encode()), 1)
    task.step(client, LONG_ENOUGH)
    content = download.results(task)
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig")), delimiter=";"))
    assert [(row["n"], row["text"], row["sentiment"]) for row in rows] == [
        ("1", "thanks", "positive"),
        ("4", "late", "negative"),
    ]
    assert rows[0]["probability_positive"] == "0.8000"
    assert (rows[0]["uncertain"], rows[0]["model_version"]) == ("false", "7")
    assert download.file_name(task, "sentiment") == "été;1-sentiment.csv"


def test_a_busy_service_is_waited_for(
    client: ApiClient, stand_in: Any, make_answer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job, "PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(job, "PATIENCE", 3)
    task = make_job("late")
    stand_in.answers[BATCH] = make_answer.problem(429, "overloaded", "wait")
    task.step(client, LONG_ENOUGH)
    assert task.stopped
    assert task.failure is not None
    assert task.failure.kind == "busy"
    assert len(stand_in.bodies(BATCH)) == 3
    del stand_in.answers[BATCH]
    task.resume()
    task.step(client, LONG_ENOUGH)
    assert task.finished
    assert task.failure is None


def test_a_pause_ends_the_step_and_not_the_job(
    client: ApiClient, stand_in: Any, make_answer: Any
) -> None:
    task = make_job("late")
    stand_in.answers[BATCH] = make_answer.problem(429, "overloaded", "wait")
    task.step(client, LONG_ENOUGH)
    assert task.waiting
    assert not task.stopped
    assert len(stand_in.bodies(BATCH)) == 1


def test_a_service_that_goes_away_keeps_what_is_done(client: ApiClient, stand_in: Any) -> None:
    task = make_job(*(f"tweet {number}" for number in range(100)))
    task.step(client, 0.0)
    assert task.done == 0
    task.step(client, 1e-9)
    first = task.done
    stand_in.stop()
    task.step(client, LONG_ENOUGH)
    assert task.failure is not None
    assert task.failure.kind == "unreachable"
    assert (task.done, len(task.answered())) == (first, first)
    stand_in.start()
    task.resume()
    task.step(client, LONG_ENOUGH)
    assert task.finished
    assert len(task.answered()) == 100


def test_answers_for_other_tweets_are_a_broken_answer(
    client: ApiClient, stand_in: Any, make_answer: Any
) -> None:
    stand_in.answers[BATCH] = make_answer(body=b'{"results": []}')
    task = make_job("late")
    task.step(client, LONG_ENOUGH)
    assert task.failure is not None
    assert task.failure.kind == "broken"
    assert task.answered() == []

"""What others do to a request: clients that leave, a thread that dies, a model that is swapped."""

import asyncio
import json
import os
import random
import signal
import time

import httpx
import pytest
from benchmarks.load import Connection, Target, closed_loop, open_loop

pytestmark = pytest.mark.e2e

TEXTS = ("late again", "lovely crew thank you", "lost bag at the gate, never again")


def requests_of(target):
    return [target.request("/v1/predict", {"text": text}) for text in TEXTS]


async def status_of(client, url):
    return (await client.get(url)).status_code


def test_when_half_of_the_clients_leave_no_other_request_fails(start_server, figures, until, run):
    # One thread: on a fast machine, too, the queue is long enough to leave it.
    server = start_server(INFERENCE_THREADS="1", REQUEST_TIMEOUT_SECONDS="60", LOG_LEVEL="WARNING")
    target, chance = Target.of(server.url), random.Random(0)
    requests = requests_of(target)

    async def leave(until_time):
        while time.monotonic() < until_time:
            connection = await Connection.open(target)
            asking = asyncio.ensure_future(connection.ask(chance.choice(requests)))
            await asyncio.sleep(chance.uniform(0, 0.4))
            connection.abort()
            await asyncio.gather(asking, return_exceptions=True)

    async def go():
        leaving = [asyncio.ensure_future(leave(time.monotonic() + 3)) for _ in range(64)]
        report = await closed_loop(target, requests, clients=64, seconds=3)
        await asyncio.gather(*leaving)
        return report

    report = run(go())
    assert set(report.statuses) == {200}, report.summary()
    for left_over in ("radar_admitted_tokens", "radar_queue_tokens"):
        until(lambda name=left_over: figures(server)[name] == 0, f"no {left_over}", 10)
    assert figures(server)["radar_dropped_tweets_totalcancelled"] > 0


def test_when_a_thread_dies_no_request_hangs_and_it_is_replaced(start_server, faulty, run):
    server = start_server(program=faulty, LOG_LEVEL="WARNING")
    target = Target.of(server.url)
    alive = []

    async def watch(seconds):
        async with httpx.AsyncClient(trust_env=False, timeout=10) as client:
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                alive.append((time.monotonic(), await status_of(client, f"{server.url}/livez")))
                await asyncio.sleep(0.02)
            return await status_of(client, f"{server.url}/readyz")

    async def go():
        load = asyncio.ensure_future(closed_loop(target, requests_of(target), clients=8, seconds=6))
        await asyncio.sleep(0.5)
        os.kill(server.process.pid, signal.SIGUSR1)
        ready = await watch(5)
        return await load, ready

    report, ready = run(go())
    assert 503 in {status for _, status in alive}, "liveness never missed the thread"
    assert alive[-1][1] == 200
    assert ready == 200
    failed = [answer for answer in report.answers if answer.status != 200]
    assert {json.loads(answer.body)["type"] for answer in failed} <= {"/problems/model-failed"}
    assert len(failed) <= 8  # what it had, one batch at most
    assert max(answer.seconds for answer in report.answers) < 5


def test_while_a_model_is_swapped_no_request_fails(start_server, faulty, shelf, tmp_path, run):
    (tmp_path / "shelf").mkdir()
    for version in ("1", "2"):
        (tmp_path / "shelf" / version).symlink_to(shelf / version)
    champion = tmp_path / "shelf" / "champion"
    champion.write_text("1")
    server = start_server(
        program=faulty,
        MODEL_SHELF=str(tmp_path / "shelf"),
        MODEL_SOURCE="models:/tweet-sentiment@champion",
        MODEL_POLL_SECONDS="0.2",
        LOG_LEVEL="WARNING",
    )
    target = Target.of(server.url)
    requests = requests_of(target)
    peak = run(closed_loop(target, requests, clients=4, seconds=1)).per_second

    async def go():
        load = asyncio.ensure_future(open_loop(target, requests, rate=peak / 2, seconds=4))
        for version in ("2", "1", "2"):
            await asyncio.sleep(1)
            champion.write_text(version)
        return await load

    report = run(go())
    assert set(report.statuses) == {200}, report.summary()
    versions = [json.loads(answer.body)["model_version"] for answer in report.answers]
    assert set(versions) == {"1", "2"}

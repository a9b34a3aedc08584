"""The end under load: nothing that was answered is lost, nothing that was taken is unanswered."""

import asyncio
import json
import signal
import time

import httpx
import pytest
from benchmarks.load import NO_ANSWER, Target, closed_loop
from sqlalchemy import create_engine, select

from inference.store.tables import PREDICTIONS

pytestmark = pytest.mark.e2e

DRAIN_SECONDS = 1.5


def test_sigterm_drops_nothing(start_server, tmp_path, run):
    store = f"sqlite:///{tmp_path / 'store.db'}"
    server = start_server(DATABASE_URL=store, DRAIN_SECONDS=str(DRAIN_SECONDS), LOG_LEVEL="WARNING")
    target = Target.of(server.url)
    requests = [target.request("/v1/predict", {"text": f"late {n}"}) for n in range(20)]

    async def go():
        began = time.perf_counter()
        load = asyncio.ensure_future(closed_loop(target, requests, clients=8, seconds=8))
        await asyncio.sleep(1)
        ended = time.perf_counter() - began
        server.process.send_signal(signal.SIGTERM)
        await asyncio.sleep(0.3)
        async with httpx.AsyncClient(trust_env=False, timeout=10) as client:
            ready = (await client.get(f"{server.url}/readyz")).status_code
            answer = await client.post(f"{server.url}/v1/predict", json={"text": "late"})
        code = await asyncio.to_thread(server.process.wait, 30)
        gone = time.perf_counter() - began
        return await load, ended, ready, answer, code, gone

    report, ended, ready, answer, code, gone = run(go())
    assert code == 0
    assert gone - ended < DRAIN_SECONDS + 10
    assert ready == 503
    assert (answer.status_code, answer.headers["connection"]) == (200, "close")
    assert set(report.statuses) <= {200, NO_ANSWER}
    broken = [answer.due for answer in report.answers if answer.status == NO_ANSWER]
    assert min(broken) > ended + DRAIN_SECONDS * 0.9  # before that, all were answered
    answered = {json.loads(item.body)["id"] for item in report.answers if item.status == 200}
    engine = create_engine(store)
    with engine.connect() as connection:
        kept = {str(row.id) for row in connection.execute(select(PREDICTIONS.c.id))}
    engine.dispose()
    assert answered <= kept
    assert len(answered) > 20

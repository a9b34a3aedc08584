"""More than the service can do: what it takes it answers in time, and the rest it refuses."""

import asyncio

import pytest
from benchmarks.load import Target, closed_loop, open_loop

pytestmark = pytest.mark.e2e

TEXTS = ("late again", "lovely crew thank you", "lost bag at the gate, never again")
LIMIT_SECONDS = 5.0


def test_at_twice_saturation_only_answers_and_refusals(start_server, figures, until, run):
    server = start_server(
        REQUEST_TIMEOUT_SECONDS=str(LIMIT_SECONDS), MAX_WAITING_TOKENS="600", LOG_LEVEL="WARNING"
    )
    target = Target.of(server.url)
    single = [target.request("/v1/predict", {"text": text}) for text in TEXTS]
    batch = [target.request("/v1/predict/batch", {"texts": [text]}) for text in TEXTS]
    steady = run(closed_loop(target, single, clients=8, seconds=2))
    assert set(steady.statuses) == {200}, steady.summary()
    peak = steady.per_second

    async def overload():
        loads = (open_loop(target, kind, rate=peak, seconds=4) for kind in (single, batch))
        return await asyncio.gather(*loads)

    reports = run(overload())
    for report in reports:
        assert set(report.statuses) == {200, 429}, report.summary()
        refused = [answer for answer in report.answers if answer.status == 429]
        assert all(int(answer.headers["retry-after"]) >= 1 for answer in refused)
        assert report.quantile(0.99) < LIMIT_SECONDS
    shares = [report.statuses[429] / len(report.answers) for report in reports]
    assert abs(shares[0] - shares[1]) < 0.2
    goodput = sum(report.per_second for report in reports)
    assert goodput > 0.5 * peak  # the long form, on a quiet machine, asks for more
    until(lambda: figures(server)["radar_admitted_tokens"] == 0, "all of it is done", 10)
    assert figures(server)["radar_shed_requests_total"] == sum(
        report.statuses[429] for report in reports
    )
    after = run(closed_loop(target, single, clients=1, seconds=0.5))
    assert set(after.statuses) == {200}

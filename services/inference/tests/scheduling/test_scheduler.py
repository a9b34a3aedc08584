"""The computing threads, with a real bundle and with one that does as it is told."""

import asyncio
import threading
import time

import numpy as np
import pytest

from inference.problems import Failure, ServiceError
from inference.scheduling.queue import Priority
from inference.scheduling.scheduler import Scheduler, Timing

NEVER = float("inf")


class Seen:
    """What the threads reported."""

    def __init__(self):
        self.batches, self.drops = [], {}

    def batch_done(self, figures):
        self.batches.append(figures)

    def dropped(self, reason, texts):
        self.drops[reason] = self.drops.get(reason, 0) + texts


class Gated:
    """A stand-in for a bundle whose graph waits for a gate, and fails on command."""

    def __init__(self, encoder):
        self.encoder, self.gate, self.entered = encoder, threading.Event(), threading.Semaphore(0)
        self.failure = None

    def probabilities_of(self, encoded):
        self.entered.release()
        assert self.gate.wait(20)
        if self.failure:
            raise self.failure
        return np.full((len(encoded), 2), 0.5, np.float32)


@pytest.fixture
def seen():
    return Seen()


@pytest.fixture
def scheduler(seen):
    made = Scheduler(2, seen)
    yield made
    made.close()


@pytest.fixture
def gated(bundle):
    made = Gated(bundle.encoder)
    yield made
    made.gate.set()


def occupy(scheduler, gated):
    """Keep both threads busy; returns their requests."""
    return [
        asyncio.ensure_future(scheduler.run(gated, gated.encoder.encode([text]), expires_at=NEVER))
        for text in ("late", "late late late late late late late late late late late late")
    ]


async def entered(gated, times=2):
    for _ in range(times):
        await asyncio.to_thread(gated.entered.acquire)


def test_outcomes_come_in_the_order_of_the_texts(scheduler, bundle):
    texts = ["late", "lovely crew", "lost bag " * 9, "", "happy", "never again " * 14] * 20
    encoded = bundle.encoder.encode(texts)
    outcomes = asyncio.run(scheduler.run(bundle, encoded, expires_at=NEVER))
    np.testing.assert_allclose(np.stack(outcomes), bundle.probabilities(texts), atol=1e-6)


def test_what_queues_while_all_are_busy_is_one_batch(scheduler, seen, gated):
    async def go():
        busy = occupy(scheduler, gated)
        await entered(gated)
        encoded = gated.encoder.encode(["late"])
        queued = [
            asyncio.ensure_future(scheduler.run(gated, encoded, expires_at=NEVER)) for _ in range(8)
        ]
        await asyncio.sleep(0)
        assert scheduler.waiting_tokens == 8
        gated.gate.set()
        await asyncio.gather(*busy, *queued)

    asyncio.run(go())
    scheduler.close()  # batches are reported after they are answered
    assert sorted(figures.texts for figures in seen.batches) == [1, 1, 8]
    assert scheduler.tokens_per_second > 0


def test_a_client_that_leaves_harms_no_neighbour(scheduler, seen, gated):
    async def go():
        busy = occupy(scheduler, gated)
        await entered(gated)
        encoded = gated.encoder.encode(["late", "late"])
        runs = [
            asyncio.ensure_future(scheduler.run(gated, encoded, expires_at=NEVER)) for _ in range(6)
        ]
        await asyncio.sleep(0)
        for run in runs[::2]:
            run.cancel()
        await asyncio.sleep(0)
        gated.gate.set()
        for run in [*busy, *runs[1::2]]:
            assert all(isinstance(row, np.ndarray) for row in await run)

    asyncio.run(go())
    scheduler.close()  # batches are reported after they are answered
    assert seen.drops == {"cancelled": 6}
    assert sum(figures.texts for figures in seen.batches) == 2 + 6


def test_expired_work_is_dropped_before_it_is_computed(scheduler, seen, gated):
    async def go():
        busy = occupy(scheduler, gated)
        await entered(gated)
        encoded = gated.encoder.encode(["late"])
        soon = time.monotonic() + 0.05
        expired = asyncio.ensure_future(scheduler.run(gated, encoded, expires_at=soon))
        in_time = asyncio.ensure_future(scheduler.run(gated, encoded, expires_at=NEVER))
        await asyncio.sleep(0.1)
        gated.gate.set()
        with pytest.raises(ServiceError) as late:
            await expired
        assert late.value.failure is Failure.DEADLINE_EXCEEDED
        assert isinstance((await in_time)[0], np.ndarray)
        await asyncio.gather(*busy)

    asyncio.run(go())
    assert seen.drops == {"expired": 1}


def test_a_graph_that_fails_fails_its_batch_alone(scheduler, gated, bundle):
    async def go():
        gated.failure = RuntimeError("broken")
        gated.gate.set()
        encoded = gated.encoder.encode(["late"])
        (failed,) = await scheduler.run(gated, encoded, expires_at=NEVER)
        assert failed.failure is Failure.MODEL_FAILED
        assert isinstance((await scheduler.run(bundle, encoded, expires_at=NEVER))[0], np.ndarray)

    asyncio.run(go())
    assert scheduler.healthy


def test_a_thread_that_dies_fails_its_texts_is_missed_and_replaced(scheduler, gated, bundle):
    async def go():
        gated.failure = SystemExit("killed")
        gated.gate.set()
        encoded = gated.encoder.encode(["late"])
        (failed,) = await scheduler.run(gated, encoded, expires_at=NEVER)
        assert failed.failure is Failure.MODEL_FAILED
        deadline = time.monotonic() + 5
        while scheduler.healthy:  # until the dying thread has ended
            assert time.monotonic() < deadline
        # The other goes on meanwhile.
        (row,) = await scheduler.run(bundle, encoded, expires_at=NEVER)
        assert isinstance(row, np.ndarray)
        while not scheduler.healthy:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.02)

    asyncio.run(go())


def test_a_thread_that_dies_when_its_batch_is_done_spoils_nothing(gated, bundle):
    class Deadly(Seen):
        deaths = 1

        def batch_done(self, figures):
            super().batch_done(figures)
            if self.deaths:
                self.deaths -= 1
                raise SystemExit

    scheduler = Scheduler(1, Deadly(), batch_tokens=1)  # every text is a batch

    async def go():
        encoded = bundle.encoder.encode(["late", "lovely", "happy"])
        return await scheduler.run(bundle, encoded, expires_at=NEVER)

    outcomes = asyncio.run(go())
    assert all(isinstance(row, np.ndarray) for row in outcomes)
    assert len(outcomes) == 3
    scheduler.close()


def test_no_texts_have_no_outcomes(scheduler, bundle):
    assert asyncio.run(scheduler.run(bundle, [], expires_at=NEVER)) == []


def test_explanations_are_computed_after_predictions(seen, gated):
    scheduler = Scheduler(1, seen)

    async def go():
        order = []

        async def run(name, priority):
            encoded = gated.encoder.encode(["late"])
            await scheduler.run(gated, encoded, expires_at=NEVER, priority=priority)
            order.append(name)

        first = asyncio.ensure_future(run("first", Priority.PREDICT))
        await entered(gated, 1)
        rest = [
            asyncio.ensure_future(run("explain", Priority.EXPLAIN)),
            asyncio.ensure_future(run("predict", Priority.PREDICT)),
        ]
        await asyncio.sleep(0)
        gated.gate.set()
        await asyncio.gather(first, *rest)
        return order

    assert asyncio.run(go()) == ["first", "predict", "explain"]
    scheduler.close()


def test_what_nobody_waits_for_leaves_a_thread_free(scheduler, gated, bundle, until):
    async def go():
        encoded = gated.encoder.encode(["late"])
        shadows = [
            asyncio.ensure_future(
                scheduler.run(gated, encoded, expires_at=NEVER, priority=Priority.SHADOW)
            )
            for _ in range(12)
        ]
        await entered(gated, 1)
        # The other thread is idle, for as long as nothing comes that somebody waits for.
        timing = Timing()
        (row,) = await scheduler.run(bundle, encoded, expires_at=NEVER, timing=timing)
        assert isinstance(row, np.ndarray)
        assert 0 < timing.seconds < 5
        assert scheduler.waiting_tokens > 0
        # A batch is answered before it is counted, so its requester may be ahead of the count.
        until(lambda: scheduler.tokens_per_second, "the batch is counted")
        assert scheduler.tokens_per_second == pytest.approx(2 / timing.seconds)
        assert not gated.entered.acquire(timeout=0.1)
        gated.gate.set()
        await asyncio.gather(*shadows)

    asyncio.run(go())


def test_closing_computes_what_waits_and_refuses_what_comes(seen, gated):
    scheduler = Scheduler(1, seen)
    encoded = gated.encoder.encode(["late"])

    async def go():
        waiting = [
            asyncio.ensure_future(scheduler.run(gated, encoded, expires_at=NEVER)) for _ in range(3)
        ]
        await entered(gated, 1)
        closing = asyncio.ensure_future(asyncio.to_thread(scheduler.close))
        await asyncio.sleep(0.05)
        with pytest.raises(ServiceError) as refusal:
            await scheduler.run(gated, encoded, expires_at=NEVER)
        assert refusal.value.failure is Failure.NOT_READY
        gated.gate.set()
        await asyncio.gather(*waiting, closing)

    asyncio.run(go())
    assert not scheduler.healthy


def test_the_speed_is_that_of_the_first_batch_until_there_are_more(seen, gated):
    scheduler = Scheduler(1, seen)
    gated.gate.set()
    encoded = gated.encoder.encode(["late late late"])
    asyncio.run(scheduler.run(gated, encoded, expires_at=NEVER))
    scheduler.close()
    (figures,) = seen.batches
    assert scheduler.tokens_per_second == pytest.approx(3 / figures.seconds)


def test_a_thread_that_is_stuck_is_not_healthy(scheduler, gated, monkeypatch):
    async def go():
        busy = occupy(scheduler, gated)
        await entered(gated)
        assert scheduler.healthy
        monkeypatch.setattr("inference.scheduling.scheduler.STUCK_SECONDS", 0.01)
        await asyncio.sleep(0.05)
        assert not scheduler.healthy
        gated.gate.set()
        await asyncio.gather(*busy)

    asyncio.run(go())
    scheduler.close()

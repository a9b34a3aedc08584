"""Explanations under load: predictions go first, and what cannot be finished leaves nothing."""

import asyncio
import threading
import time
from contextlib import ExitStack
from dataclasses import replace

import numpy as np
import pytest
from sqlalchemy import func, select

from contract.bundle import Bundle
from inference.explanation.bounds import EXPLANATION, MAX_IDS, estimated_ids
from inference.explanation.evaluation import AT_ONCE, CHUNK_IDS, Evaluation
from inference.prediction.encoding import TextEncoding
from inference.problems import ServiceError
from inference.scheduling.scheduler import Scheduler
from inference.store.tables import PREDICTIONS

TEXT = "never happy at the gate"


class SteppedGraph:
    """A graph that computes one batch for each permit, and remembers the batches."""

    def __init__(self, permits=0):
        self.permits, self.batches = threading.Semaphore(permits), []

    def __call__(self, feeds):
        self.batches.append(feeds["token_ids"].shape)
        assert self.permits.acquire(timeout=20)
        return self.logits(feeds["token_ids"].shape[0])

    def logits(self, texts):
        return np.zeros((texts, 3), np.float32)


class FailingLater(SteppedGraph):
    """Fails after its first batch."""

    def logits(self, texts):
        return np.full((texts, 3), 0.0 if len(self.batches) == 1 else np.nan, np.float32)


class NobodyAsks:
    def batch_done(self, figures): ...

    def dropped(self, reason, texts): ...


@pytest.fixture
def scheduler(monkeypatch):
    # Longer than any test: on a slow machine a second may pass between two of its lines.
    monkeypatch.setattr("inference.scheduling.scheduler.PATIENCE_SECONDS", 60.0)
    scheduler = Scheduler(1, NobodyAsks())
    yield scheduler
    scheduler.close()


@pytest.fixture
def encoding():
    encoding = TextEncoding()
    yield encoding
    encoding.close()


async def settled(condition):
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


def test_a_prediction_waits_for_one_batch_of_explanations_at_most(bundle, scheduler, encoding):
    graph = SteppedGraph()
    slow = Bundle(bundle.manifest, bundle.encoder, graph, "fp32")
    known = np.full(3, 1 / 3, np.float32)
    expires_at = time.monotonic() + 60

    async def go():
        evaluation = Evaluation(encoding, scheduler)
        explaining = [
            asyncio.create_task(
                evaluation.probabilities(
                    slow,
                    ("", known),
                    [f"{'late ' * length}{'lost ' * (30 - length)}" for length in range(31)],
                    expires_at=expires_at,
                )
            )
            for _ in range(5)
        ]
        await settled(lambda: graph.batches)
        await settled(lambda: scheduler.waiting_tokens + 30 * graph.batches[0][0] >= 900)
        # Of 4,650 ids, what is queued, and what is computed, are two chunks.
        assert scheduler.waiting_tokens + 30 * graph.batches[0][0] <= AT_ONCE * CHUNK_IDS
        predicting = asyncio.create_task(
            scheduler.run(slow, encoding_of("late lost"), expires_at=expires_at)
        )
        await settled(lambda: scheduler.waiting_tokens % 30 == 2)
        graph.permits.release(2)
        await predicting
        assert graph.batches[1] == (1, 2)
        graph.permits.release(1_000)
        for rows, computed in await asyncio.gather(*explaining):
            assert rows.shape == (31, 3)
            assert computed == 31

    def encoding_of(text):
        return bundle.encoder.encode([text])

    asyncio.run(go())


def test_a_slow_model_gets_smaller_chunks(bundle, scheduler, encoding):
    """Chunks are bounded by time, so that a busy service gives explanations a tenth of it."""
    graph = SteppedGraph(permits=1_000)
    slow = Bundle(bundle.manifest, bundle.encoder, graph, "fp32")
    scheduler._speed = 1_000.0  # 50 ids in 50 ms

    async def go():
        await Evaluation(encoding, scheduler).probabilities(
            slow,
            ("", np.full(3, 1 / 3, np.float32)),
            [f"{'late ' * length}{'lost ' * (20 - length)}" for length in range(20)],
            expires_at=time.monotonic() + 60,
        )

    asyncio.run(go())
    assert graph.batches[0] == (2, 20)


def test_explanations_are_refused_before_predictions(serve_app):
    with serve_app() as client, ExitStack() as stack:
        admission = client.app.state.services.guard._admission
        for _ in range(2):
            stack.enter_context(admission.admit(1_000, 10.0, EXPLANATION))
        refused = client.post("/v1/explain", json={"text": TEXT})
        assert refused.status_code == 429
        assert int(refused.headers["Retry-After"]) >= 1
        assert client.post("/v1/predict", json={"text": TEXT}).status_code == 200


def test_what_an_explanation_counts_as_grows_with_its_text():
    assert estimated_ids(0) == 0
    sizes = [estimated_ids(size) for size in (20, 40, 80, 120, 280)]
    assert sizes == sorted(sizes)
    assert sizes[0] < 100
    assert 3_000 < sizes[-2] < 5_000  # a tweet of 20 words
    assert all(estimated_ids(size) <= MAX_IDS for size in range(0, 40_000, 17))


@pytest.fixture
def serve_graph(serve_app, bundle, rows):
    """Serves a graph, and afterwards counts what was kept."""

    def serve(graph, ask):
        with serve_app() as client:
            serving = client.app.state.services.serving
            made = Bundle(bundle.manifest, bundle.encoder, graph, "fp32")
            serving.swap(replace(serving.current, bundle=made, version="stepped"))
            answer = ask(client)
            graph.permits.release(1_000)
        with rows.connect() as connection:
            return answer, connection.scalar(select(func.count()).select_from(PREDICTIONS))

    return serve


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("permits", [0, 1])
def test_its_time_may_be_up_while_it_computes(serve_graph, permits):
    answer, kept = serve_graph(
        SteppedGraph(permits),
        lambda client: client.post(
            "/v1/explain", json={"text": TEXT}, headers={"X-Request-Timeout": "0.3"}
        ),
    )
    assert answer.status_code == 504
    assert kept == 0


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_a_model_that_fails_on_a_variant_gives_no_explanation(serve_graph):
    answer, kept = serve_graph(
        FailingLater(permits=1_000), lambda client: client.post("/v1/explain", json={"text": TEXT})
    )
    assert answer.status_code == 500
    assert answer.json()["type"] == "/problems/model-failed"
    assert kept == 0


def test_a_failure_of_one_variant_is_the_failure_of_all(bundle, scheduler, encoding):
    failing = Bundle(bundle.manifest, bundle.encoder, FailingLater(permits=1_000), "fp32")

    async def go():
        await Evaluation(encoding, scheduler).probabilities(
            failing,
            ("late", np.full(3, 1 / 3, np.float32)),
            ["late " * length for length in range(2, 30)],
            expires_at=time.monotonic() + 60,
        )

    with pytest.raises(ServiceError):
        asyncio.run(go())

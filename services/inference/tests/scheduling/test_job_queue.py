"""Which texts go together, and in which order."""

import random
import time

import numpy as np
import pytest

from contract.encoding import Encoded
from inference.scheduling.queue import SLACK, TOLERANCE, Job, JobQueue, Priority

NEVER = float("inf")


def job(tokens, bundle="model", age=0.0):
    encoded = Encoded(np.ones(tokens, np.int64), None, truncated=False)
    return Job(bundle, encoded, NEVER, None, 0, time.monotonic() - age)


def queue(*jobs, budget=100, patience=5.0, priority=Priority.PREDICT):
    made = JobQueue(budget=budget, patience=patience)
    made.add(jobs, priority)
    return made


def lengths(jobs):
    return [item.tokens for item in jobs]


def test_an_empty_queue_gives_nothing():
    assert queue().take(1) == []


def test_the_oldest_goes_first_with_its_neighbours_in_length():
    waiting = queue(job(10), job(40), job(11), job(9), job(42))
    assert lengths(waiting.take(1)) == [9, 10, 11]
    assert lengths(waiting.take(1)) == [40, 42]
    assert len(waiting) == waiting.tokens == 0


def test_a_batch_stays_within_its_budget_of_padded_ids():
    waiting = queue(*(job(30) for _ in range(7)))
    assert [lengths(waiting.take(1)) for _ in range(3)] == [[30] * 3, [30] * 3, [30]]


def test_a_text_longer_than_the_budget_goes_alone():
    waiting = queue(job(500), job(490))
    assert lengths(waiting.take(1)) == [500]
    assert lengths(waiting.take(1)) == [490]


def test_idle_threads_share_what_waits():
    waiting = queue(job(10), job(10), job(10), job(10))
    assert lengths(waiting.take(2)) == [10, 10]
    assert lengths(waiting.take(1)) == [10, 10]


def test_models_are_never_mixed():
    waiting = queue(job(10, "old"), job(10, "new"), job(10, "old"), job(10, "new"))
    while batch := waiting.take(1):
        assert len({item.bundle for item in batch}) == 1


def test_explanations_wait_for_predictions_unless_they_have_waited_long():
    waiting = queue(job(10), job(11))
    waiting.add([job(12)], Priority.EXPLAIN)
    assert lengths(waiting.take(1)) == [10, 11]
    assert lengths(waiting.take(1)) == [12]

    waiting.add([job(10), job(11)], Priority.PREDICT)
    waiting.add([job(12, age=6)], Priority.EXPLAIN)
    assert lengths(waiting.take(1)) == [12]


@pytest.mark.parametrize("seed", range(20))
def test_whatever_comes_all_of_it_goes_once_in_batches_that_keep_the_rules(seed):
    chance = random.Random(seed)
    waiting, budget = JobQueue(budget=256, patience=5.0), 256
    added, taken = [], []
    while len(added) < 300 or len(waiting):
        if len(added) < 300 and chance.random() < 0.6:
            new = [job(chance.randint(1, 130)) for _ in range(chance.randint(1, 9))]
            waiting.add(new, chance.choice(list(Priority)))
            added += new
            continue
        batch = waiting.take(chance.randint(1, 4))
        taken += batch
        if len(batch) > 1:
            low, high = min(lengths(batch)), max(lengths(batch))
            assert high * len(batch) <= budget
            assert high <= low * TOLERANCE + SLACK
    assert len(taken) == len(added)
    assert {id(item) for item in taken} == {id(item) for item in added}
    assert waiting.tokens == 0


def test_what_nobody_waits_for_goes_last_in_small_batches_and_never_for_its_age():
    waiting = queue(*(job(10, age=9) for _ in range(3)), budget=160, priority=Priority.SHADOW)
    waiting.add([job(10)], Priority.PREDICT)
    waiting.add([job(11)], Priority.EXPLAIN)
    assert lengths(waiting.take(1)) == [10]
    assert lengths(waiting.take(1)) == [11]
    assert waiting.take(1, spare=False) == []
    assert lengths(waiting.take(1)) == [10, 10]
    assert lengths(waiting.take(1)) == [10]


def test_nothing_starves_while_others_keep_coming():
    waiting = queue(job(128), budget=64)
    for _ in range(3):
        waiting.add([job(10), job(10)], Priority.PREDICT)
        if 128 in lengths(waiting.take(1)):
            return
    pytest.fail("the long text was passed over")


def test_mentions_wait_for_all_that_somebody_waits_for_however_old_they_are():
    waiting = queue(job(10), job(11))
    waiting.add([job(12, age=60)], Priority.MENTION)
    waiting.add([job(13)], Priority.EXPLAIN)
    waiting.add([job(14)], Priority.SHADOW)
    assert [lengths(waiting.take(1)) for _ in range(4)] == [[10, 11], [13], [12], [14]]

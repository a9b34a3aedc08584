"""Which texts are counted, and what is written of them."""

import uuid
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from contract.bundle import Prediction
from inference.drift.features import (
    FEATURES,
    GROUP_TEXTS,
    WORD_BUCKETS,
    bin_name,
    counts_of,
    places_of,
    word_buckets,
)
from inference.drift.sampling import BURST, DriftSampler
from inference.prediction.repository import NewPrediction
from inference.store.errors import store_unavailable
from inference.store.tables import DRIFT_GROUPS


@pytest.fixture
def served(bundle):
    return SimpleNamespace(bundle=bundle, name="m", version="1")


@pytest.fixture
def clock():
    return SimpleNamespace(now=1_000.0)


@pytest.fixture
def sampler(clock):
    """A sampler whose rows are in `written`."""
    written = []

    def make(per_minute=60.0, submit=None):
        def keep(rows):
            written.extend(rows[DRIFT_GROUPS])

        made.append(DriftSampler(submit or keep, per_minute, lambda: clock.now))
        made[-1].written = written
        return made[-1]

    made = []
    yield make
    for item in made:
        item.close()


def kept(count, text="the bag is late"):
    prediction = Prediction("negative", {"negative": 0.8, "positive": 0.2}, False, False, 5)
    new = NewPrediction(
        id=uuid.uuid4(),
        created_at=datetime.now(UTC),
        text_hmac="0" * 64,
        model_name="m",
        model_version="1",
        prediction=prediction,
        language="en",
        audit=False,
        kept_text=None,
        verdict=None,
    )
    return [(text, new)] * count


def counted(sampler):
    sampler.close()
    return sum(sum(row["counts"]["label"].values()) for row in sampler.written)


def test_groups_are_full_and_the_rest_is_dropped(sampler, served):
    one = sampler()
    for count in (7, 13, 25):
        one.offer(served, kept(count))
    assert counted(one) == 2 * GROUP_TEXTS
    assert all(sum(row["counts"]["label"].values()) == GROUP_TEXTS for row in one.written)


def test_versions_are_counted_apart(sampler, served, bundle):
    one = sampler()
    other = SimpleNamespace(bundle=bundle, name="m", version="2")
    for _ in range(GROUP_TEXTS):
        one.offer(served, kept(1))
        one.offer(other, kept(1))
    one.close()
    assert sorted(row["model_version"] for row in one.written) == ["1", "2"]


def test_a_burst_is_counted_and_what_goes_on_is_sampled(sampler, served, clock):
    one = sampler(per_minute=60)
    one.offer(served, kept(2 * BURST))
    for _ in range(100):
        clock.now += 1
        one.offer(served, kept(50))
    assert counted(one) == BURST + 100


def test_a_store_that_takes_nothing_stops_nothing(sampler, served):
    calls = []

    def refuse(rows):
        calls.append(rows)
        raise store_unavailable("full")

    one = sampler(submit=refuse)
    one.offer(served, kept(3 * GROUP_TEXTS))
    one.close()
    assert len(calls) == 3


def test_a_text_that_is_no_unicode_is_left_out(sampler, served):
    one = sampler()
    one.offer(served, [*kept(1, "\ud800"), *kept(GROUP_TEXTS)])
    assert counted(one) == GROUP_TEXTS


def test_who_was_meant_and_which_flight_are_not_counted():
    count, buckets = word_buckets("@anna AP123 is late https://t.co/a")
    assert count == 5
    assert buckets == word_buckets("@bob BA9 is late! http://t.co/b")[1]
    assert max(buckets) < WORD_BUCKETS


@pytest.mark.parametrize(
    ("said", "alike"),
    [
        ("late @wombat", "late .@quokka"),
        ("late @wombat", "late (@numbat's)"),
        ("late http://a.example/wombat", "late (https://b.example)"),
        ("late http://a.example/wombat", "late www.b.example/quokka bit.ly/x"),
        ("late AB12CD", "late wombat@quokka.example"),
        ("late pnr ABCDEF", "late pnr WOMBAT"),
        ("late +33 6 12 34 56 78", "late 4111111111111111"),
    ],
)
def test_who_was_meant_is_not_counted(said, alike):
    assert word_buckets(said)[1] == word_buckets(alike)[1]


def test_every_bin_has_a_name_and_a_place(observed):
    counts = counts_of([observed("the bag is late"), observed("")])
    assert set(counts) == set(FEATURES)
    for feature, found in counts.items():
        places = places_of(feature, found)
        assert set(found) <= set(places)
        names = [bin_name(feature, place) for place in places]
        assert len(set(names)) == len(names)
    assert bin_name("length", "0") == "up to 4"
    assert bin_name("length", "9") == "above 64"
    assert bin_name("confidence", "1") == "above 0.3 up to 0.4"
    assert bin_name("language", "") == "not known"

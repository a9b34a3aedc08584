"""Intervals and quantiles, against figures from elsewhere and by simulation."""

import math

import numpy as np
import pytest
from prometheus_client import CollectorRegistry, Histogram

from inference.quality.intervals import expected, wilson
from inference.quality.latency import latency_of, quantile


@pytest.mark.parametrize(
    ("hits", "total", "low", "high"),
    # Newcombe 1998, Two-sided confidence intervals for the single proportion, table I, method 3.
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_gives_the_published_intervals(hits, total, low, high):
    share = wilson(hits, total)
    assert (share.low, share.high) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


def test_wilson_stays_within_0_and_1_and_around_the_share():
    for total in range(1, 40):
        for hits in range(total + 1):
            share = wilson(hits, total)
            assert 0 <= share.low <= share.value <= share.high <= 1
    assert wilson(0, 0).value is None


@pytest.mark.parametrize("size", [20, 200])
def test_the_expected_accuracy_holds_the_real_one_if_confidences_are_calibrated(size):
    random = np.random.default_rng(5)
    held = 0
    for _ in range(2_000):
        p = random.uniform(0.4, 1.0, size)
        share = expected(p.sum(), (p * (1 - p)).sum(), size)
        held += share.low <= (random.random(size) < p).mean() <= share.high
    assert 0.93 <= held / 2_000 <= 0.97


def test_quantiles_are_those_of_prometheus():
    buckets = [(0.1, 50.0), (0.5, 90.0), (math.inf, 100.0)]
    assert quantile(buckets, 0.25) == pytest.approx(0.05)
    assert quantile(buckets, 0.7) == pytest.approx(0.3)
    assert quantile(buckets, 0.99) == 0.5
    assert quantile([(0.1, 0.0), (math.inf, 0.0)], 0.5) is None
    assert quantile([], 0.5) is None


def test_only_single_predictions_count_for_latency():
    registry = CollectorRegistry()
    seconds = Histogram(
        "radar_request_seconds", "s", ("route",), buckets=(0.1, 1.0), registry=registry
    )
    seconds.labels("/v1/predict").observe(0.05)
    seconds.labels("/v1/predict/batch").observe(5.0)
    found = latency_of(seconds.collect())
    assert found.requests == 1
    assert found.p99 == pytest.approx(0.099)

"""Quantiles of durations from a histogram."""

import math
from collections.abc import Iterable, Sequence

from prometheus_client import Metric

from inference.quality.schemas import LatencyOut

SINGLE = "/v1/predict"
"""The route of which one answer is one prediction."""


def latency_of(figures: Iterable[Metric]) -> LatencyOut:
    """Durations of single predictions.

    Args:
        figures: of this process's requests, see `Metrics.request_figures`.
    """
    buckets = sorted(
        (float(sample.labels["le"]), sample.value)
        for metric in figures
        for sample in metric.samples
        if sample.name == "radar_request_seconds_bucket" and sample.labels["route"] == SINGLE
    )
    return LatencyOut(
        requests=int(buckets[-1][1]) if buckets else 0,
        p50=quantile(buckets, 0.5),
        p95=quantile(buckets, 0.95),
        p99=quantile(buckets, 0.99),
    )


def quantile(buckets: Sequence[tuple[float, float]], share: float) -> float | None:
    """A quantile, as Prometheus' `histogram_quantile` estimates it: evenly within a bucket.

    Args:
        buckets: upper bounds with the number of values up to them, ascending to infinity.
        share: between 0 and 1.

    Returns:
        The quantile; the last finite bound if it is above that; None if there is no value.
    """
    total = buckets[-1][1] if buckets else 0
    if not total:
        return None
    low, below = 0.0, 0.0
    for bound, count in buckets:
        if count >= share * total:
            if math.isinf(bound):
                return low
            inside = count - below
            return low + (bound - low) * ((share * total - below) / inside if inside else 1.0)
        low, below = bound, count
    return low

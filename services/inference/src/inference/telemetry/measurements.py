"""What of the figures goes to Application Insights, and in which form."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Protocol

from prometheus_client import Metric

from inference.metrics import NOT_COUNTED

MODEL: Final = ("model_name", "model_version")

_Series = tuple[str, tuple[tuple[str, str], ...]]
"""A name with its fields."""

CHOSEN: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "radar_requests_total": ("status",),
        "radar_request_seconds_sum": ("route",),
        "radar_request_seconds_count": ("route",),
        "radar_predictions_total": (*MODEL, "label"),
        "radar_verdicts_total": (*MODEL, "verdict"),
        "radar_shed_requests_total": (),
        "radar_dropped_tweets_total": ("reason",),
        "radar_queue_tokens": (),
        "radar_admitted_tokens": (),
        "radar_model_info": (*MODEL, "precision"),
        "radar_model_failing": (),
        "radar_model_held": (),
        "radar_model_fallback": (),
        "radar_challenger_comparisons_total": (
            "champion_version",
            "challenger_version",
            "agreement",
        ),
        "radar_challenger_failures_total": ("reason",),
        "radar_canary_requests_total": (),
        "radar_spooled_predictions": (),
        "radar_spooled_verdicts": (),
        "radar_set_aside_verdicts_total": ("reason",),
        "radar_lost_spans_total": ("reason",),
        "process_resident_memory_bytes": (),
    }
)
"""Samples of the registry with the labels that become fields; over all others they are added up."""


@dataclass(frozen=True)
class Measurement:
    """A figure at the end of an interval.

    Attributes:
        name: that of the sample in `/metrics`.
        value: what a counter was increased by during the interval, or what a gauge stands at.
        fields: what it is of; names of models, labels and routes, never a tweet or an id.
    """

    name: str
    value: float
    fields: Mapping[str, str]


class MeasurementSink(Protocol):
    """Sends measurements, or puts them on the disk until it can."""

    def send(self, measurements: Sequence[Measurement]) -> None:
        """Send what belongs to one moment; waits for an answer, and does not fail without one."""

    def close(self) -> None:
        """End the SDK's threads; what is on the disk stays there."""


class Readings:
    """Takes measurements from a registry, one interval after the other."""

    def __init__(self, collect: Callable[[], Iterable[Metric]]) -> None:
        """Begin where the counters are 0.

        Args:
            collect: gives the registry's figures.
        """
        self._collect = collect
        self._before: dict[_Series, float] = {}

    def take(self) -> list[Measurement]:
        """The measurements of the time since the last call; of counters, those that moved."""
        states: dict[_Series, float] = {}
        counts: dict[_Series, float] = {}
        for metric in self._collect():
            values = states if metric.type == "gauge" else counts
            for sample in metric.samples:
                if sample.name in CHOSEN and sample.labels.get("route") not in NOT_COUNTED:
                    series = _series(sample.name, sample.labels)
                    values[series] = values.get(series, 0.0) + sample.value
        added = {series: value - self._before.get(series, 0.0) for series, value in counts.items()}
        self._before = counts
        moved = {series: value for series, value in added.items() if value > 0}
        return [
            Measurement(name, value, dict(fields))
            for (name, fields), value in (states | moved).items()
        ]


def _series(name: str, labels: Mapping[str, str]) -> _Series:
    return name, tuple((label, _field(label, labels[label])) for label in CHOSEN[name])


def _field(label: str, value: str) -> str:
    return f"{value[0]}xx" if label == "status" else value

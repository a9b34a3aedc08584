"""What this process answered, taken from the figures that it keeps anyway."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from prometheus_client import Metric
from sqlalchemy import Connection, insert

from inference.metrics import NOT_COUNTED
from inference.store.tables import TRAFFIC

PREDICT_ROUTE: Final = "/v1/predict"
"""Of which one answer is one prediction; others take as long as they are asked to."""


@dataclass(frozen=True)
class Answered:
    """Counts since the start of the process."""

    requests: int = 0
    errors: int = 0
    predictions: int = 0
    slow: int = 0

    def since(self, before: "Answered") -> "Answered":
        """What was added to an earlier count."""
        return Answered(
            self.requests - before.requests,
            self.errors - before.errors,
            self.predictions - before.predictions,
            self.slow - before.slow,
        )


def answered(figures: Iterable[Metric], slow_seconds: float) -> Answered:
    """Read the counts.

    Args:
        figures: of requests by status, and of their durations, as Prometheus gets them.
        slow_seconds: longest duration that is not slow; one of the histogram's bounds.
    """
    requests = errors = predictions = quick = 0.0
    for metric in figures:
        for sample in metric.samples:
            route = sample.labels.get("route")
            if sample.name == "radar_requests_total" and route not in NOT_COUNTED:
                requests += sample.value
                errors += sample.value if sample.labels["status"] >= "500" else 0
            elif route == PREDICT_ROUTE and sample.name == "radar_request_seconds_count":
                predictions += sample.value
            elif route == PREDICT_ROUTE and sample.name == "radar_request_seconds_bucket":
                quick += sample.value if float(sample.labels["le"]) == slow_seconds else 0
    return Answered(int(requests), int(errors), int(predictions), int(predictions - quick))


def note(connection: Connection, process: uuid.UUID, now: datetime, added: Answered) -> None:
    """Keep what a process answered since it last did this."""
    row = {"process": process, "noted_at": now, **vars(added)}
    connection.execute(insert(TRAFFIC).values(row))

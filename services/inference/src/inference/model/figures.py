"""What is counted of models: of the challenger beside the champion."""

import logging
import time
from typing import Final, Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from inference.logging import fields
from inference.model.serving import ServedModel

Failed = Literal["not-loaded", "labels", "model", "late"]
Dropped = Literal["busy", "store"]
Contender = Literal["champion", "challenger"]
FAILED: Final[tuple[Failed, ...]] = ("not-loaded", "labels", "model", "late")
DROPPED: Final[tuple[Dropped, ...]] = ("busy", "store")
SECONDS_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
QUIET_SECONDS = 60.0
"""Time between two log lines of one reason: requests come by the thousand, and are counted."""

_log = logging.getLogger(__name__)


class ChallengerFigures:
    """The challenger's figures; only in the event loop's thread, `serves` apart."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Count from nothing.

        Args:
            registry: where the figures are shown.
        """
        self._info = Gauge(
            "radar_challenger_info",
            "1 for the model that the alias challenger names",
            ("model_name", "model_version", "precision"),
            registry=registry,
        )
        self._compared = Counter(
            "radar_challenger_comparisons",
            "Predictions that the challenger computed too, by whether both gave the same label",
            ("champion_version", "challenger_version", "agreement"),
            registry=registry,
        )
        self._seconds = Histogram(
            "radar_contest_seconds",
            "Seconds in the graph, for each of the two models: of the requests that each answered, "
            "or that both computed",
            ("model",),
            buckets=SECONDS_BUCKETS,
            registry=registry,
        )
        self._answered = Counter(
            "radar_canary_requests", "Requests that the challenger answered", registry=registry
        )
        self._failed = Counter(
            "radar_challenger_failures",
            "Requests for which the challenger gave no answer; the champion's was sent",
            ("reason",),
            registry=registry,
        )
        self._dropped = Counter(
            "radar_shadow_dropped",
            "Predictions that were to be computed by the challenger too, and were not",
            ("reason",),
            registry=registry,
        )
        for failed in FAILED:  # from 0, so that the first one is seen as an increase
            self._failed.labels(failed)
        for dropped in DROPPED:
            self._dropped.labels(dropped)
        self._logged: dict[Failed, float] = {}

    def serves(self, served: ServedModel | None) -> None:
        """Show which model the challenger is; None: there is none."""
        self._info.clear()
        if served:
            precision = served.bundle.precision
            self._info.labels(served.name, served.version, precision).set(1)

    def compared(self, champion: str, challenger: str, *, agree: bool) -> None:
        """Count one prediction by the two versions that made it."""
        self._compared.labels(champion, challenger, "same" if agree else "different").inc()

    def took(self, model: Contender, seconds: float) -> None:
        """Observe the time in the graph of one request's texts."""
        self._seconds.labels(model).observe(seconds)

    def answered(self) -> None:
        """Count one request that the challenger answered."""
        self._answered.inc()

    def failed(self, reason: Failed, detail: str = "") -> None:
        """Count one request that the challenger did not answer, and log it now and then."""
        self._failed.labels(reason).inc()
        now = time.monotonic()
        if now - self._logged.get(reason, -QUIET_SECONDS) >= QUIET_SECONDS:
            self._logged[reason] = now
            _log.warning(
                "the challenger gives no answer", extra=fields(reason=reason, detail=detail)
            )

    def dropped(self, reason: Dropped, predictions: int) -> None:
        """Count predictions that no copy was computed or kept of."""
        self._dropped.labels(reason).inc(predictions)

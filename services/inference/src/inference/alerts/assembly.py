"""Telemetry and alerts of a process, put together."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from inference.alerts.channels import Channel, InsightsChannel, Webhook
from inference.alerts.findings import Thresholds
from inference.alerts.service import AlertService
from inference.alerts.signing import signing_key
from inference.alerts.surges import SurgeWatch
from inference.alerts.watch import AlertDelivery, AlertWatch
from inference.metrics import Metrics
from inference.radar.reader import RadarReader
from inference.settings import Settings
from inference.store.store import Store
from inference.telemetry.events import EventSink, GivenVerdict, verdict_event
from inference.telemetry.reporter import MetricsReporter, open_reporter
from inference.telemetry.sinks import open_sink


@dataclass(frozen=True)
class Monitoring:
    """What watches the service.

    Attributes:
        alerts: for routes, and for others' findings.
        on_verdict: to be told of each verdict that was kept; neither waits nor fails.
    """

    alerts: AlertService
    on_verdict: Callable[[GivenVerdict], None]
    _watch: AlertWatch
    _surges: SurgeWatch
    _delivery: AlertDelivery
    _sink: EventSink | None
    _reporter: MetricsReporter | None

    def start(self) -> None:
        """Start the threads."""
        self._watch.start()
        self._surges.start()
        self._delivery.start()
        if self._reporter is not None:
            self._reporter.start()

    def close(self) -> None:
        """End them, then send or keep what is left; before the store is closed."""
        if self._reporter is not None:
            self._reporter.end()
        self._watch.close()
        self._surges.close()
        self._delivery.close()
        if self._sink is not None:
            self._sink.close()
        if self._reporter is not None:
            self._reporter.close()


def assemble_monitoring(
    settings: Settings, store: Store, metrics: Metrics, radar: RadarReader
) -> Monitoring:
    """Put together what the settings ask for; nothing is read or sent before `start`.

    Args:
        settings: thresholds and ways out.
        store: holds verdicts and alerts.
        metrics: of this process's requests; counts verdicts, and is reported.
        radar: finds surges of negative mentions.

    Raises:
        OSError: the folder of what cannot be sent yet cannot be made.
    """
    sink = open_sink(
        settings.applicationinsights_connection_string,
        settings.telemetry_backend,
        settings.data_dir,
        settings.otel_service_name,
    )
    channels: list[Channel] = []
    if sink is not None:
        channels.append(InsightsChannel(sink))
    if settings.alert_webhook_url:
        key = signing_key(settings.alert_webhook_secret)
        channels.append(Webhook(settings.alert_webhook_url, key))
    cooldown = timedelta(seconds=settings.alert_cooldown_seconds)
    delivery = AlertDelivery(store, channels)
    watch = AlertWatch(
        store, Thresholds.of(settings), cooldown, metrics.request_figures, delivery.nudge
    )

    def on_verdict(given: GivenVerdict) -> None:
        watch.nudge()
        metrics.count_verdict(given.model_name, given.model_version, given.verdict)
        event = verdict_event(given) if sink is not None else None
        if sink is not None and event is not None:
            sink.send(event)

    alerts = AlertService(store, cooldown, delivery.nudge)
    surges = SurgeWatch(store, radar, alerts)
    reporter = open_reporter(settings, metrics.figures)
    return Monitoring(alerts, on_verdict, watch, surges, delivery, sink, reporter)

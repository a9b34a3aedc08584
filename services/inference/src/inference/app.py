"""The application: its parts put together, its routes, and what surrounds them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from importlib.metadata import version
from typing import Final

from fastapi import FastAPI
from fastapi.telemetry import TelemetryConfig

from inference import handlers
from inference.access.mode import keys_are_asked
from inference.access.ring import KeyRing
from inference.access.routing import describe_keys, include
from inference.access.service import Access
from inference.adapters.dialects import Interpreter
from inference.adapters.open_inference import routes as open_inference_routes
from inference.adapters.text_embeddings import routes as text_embeddings_routes
from inference.alerts import routes as alert_routes
from inference.alerts.assembly import assemble_monitoring
from inference.dependencies import Services
from inference.draining import Draining
from inference.drift import routes as drift_routes
from inference.drift.sampling import DriftSampler
from inference.drift.service import DriftService
from inference.drift.watch import DriftWatch
from inference.explanation import routes as explanation_routes
from inference.explanation.evaluation import Evaluation
from inference.explanation.service import ExplanationService
from inference.feedback import audit_routes
from inference.feedback import routes as feedback_routes
from inference.feedback.service import FeedbackService
from inference.health import routes as health_routes
from inference.health.service import HealthService
from inference.metrics import Metrics
from inference.middleware import BodyLimit, RequestContext
from inference.model import routes as model_routes
from inference.model.assembly import assemble, sources_of
from inference.model.registry import MlflowRegistry
from inference.prediction import routes as prediction_routes
from inference.prediction.contest import Contest
from inference.prediction.encoding import TextEncoding
from inference.prediction.outcomes import Outcomes
from inference.prediction.service import PredictionOptions, PredictionService
from inference.prediction.shadow import Shadow
from inference.privacy import routes as privacy_routes
from inference.privacy.erasure import ErasureService
from inference.privacy.retention import Retention
from inference.quality import routes as quality_routes
from inference.quality.service import QualityService
from inference.radar import routes as radar_routes
from inference.radar.reader import RadarReader
from inference.radar.recorder import Recorder, RecorderOptions
from inference.radar.service import MentionService
from inference.scheduling.admission import Admission
from inference.scheduling.cores import available_cores
from inference.scheduling.doorkeeper import Doorkeeper
from inference.scheduling.guard import LoadGuard
from inference.scheduling.scheduler import Scheduler
from inference.settings import Settings
from inference.store.spool import Spool
from inference.store.store import Store
from inference.texts import Fingerprints, fingerprint_key
from inference.tracing.assembly import add_tracing, tracing_of

DESCRIPTION = """The sentiment of tweets, and what people say of the answers.

Errors are `application/problem+json` (RFC 9457) with a stable `type`, and never hold a tweet."""

NO_TELEMETRY: Final = TelemetryConfig(tracing=False, metrics=False, logs=False)
"""Of the framework's own, which would look for somebody to tell at every request."""

ROUTERS = (
    prediction_routes.router,
    explanation_routes.router,
    feedback_routes.router,
    audit_routes.router,
    privacy_routes.router,
    model_routes.router,
    health_routes.router,
    alert_routes.router,
    radar_routes.mentions_router,
    radar_routes.router,
    quality_routes.router,
    drift_routes.router,
    open_inference_routes.router,
    open_inference_routes.inferring,
    text_embeddings_routes.router,
    text_embeddings_routes.predicting,
)
DIALECTS = (open_inference_routes.DIALECT, text_embeddings_routes.DIALECT)


def create_app(settings: Settings, *, migrate: bool = False, host: str = "127.0.0.1") -> FastAPI:
    """Put an application together; its threads start with its lifespan.

    Args:
        settings: everything that can be set.
        migrate: bring a PostgreSQL schema up to date at the start; SQLite's always is.
        host: address that it will listen on.

    Raises:
        SettingsError: the model's source is not understood, or it is not said who may ask.
        OSError: the data folder, which keeps the development key and the spool, cannot be used.
    """
    sources = sources_of(settings)
    with_keys = keys_are_asked(settings, host)
    fingerprints = Fingerprints(fingerprint_key(settings))
    metrics = Metrics()
    tracing = tracing_of(settings)
    draining = Draining()
    embedded = settings.store_url.get_backend_name() == "sqlite"
    spool = None
    if not embedded and settings.spool_predictions:
        spool = Spool(settings.data_dir, settings.spool_predictions, settings.spool_verdicts)
        spool.open()
        metrics.watch_spool(lambda: spool.waiting, lambda: spool.backlog.waiting)
        spool.backlog.on_set_aside(metrics.count_set_aside)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        models = assemble(settings, sources, MlflowRegistry(settings.tracking_uri), metrics)
        serving = models.serving
        store = Store(settings.store_url, migrate=migrate or embedded, spool=spool)
        # A restart while the database is away must find the keys, as it finds the spool.
        ring = KeyRing(store, settings.data_dir if spool else None) if with_keys else None
        access = Access(ring)
        encoding = TextEncoding()
        scheduler = Scheduler(
            settings.inference_threads or available_cores(),
            metrics.batches,
            batch_tokens=settings.batch_tokens,
        )
        admission = Admission(
            settings.max_waiting_tokens,
            lambda: scheduler.tokens_per_second,
            refused=metrics.batches.count_shed,
        )
        metrics.batches.watch(lambda: scheduler.waiting_tokens, lambda: admission.tokens)
        outcomes = Outcomes(encoding, scheduler, settings.max_text_characters)
        shadow = Shadow(encoding, scheduler, store, metrics.challenger)
        radar = RadarReader(store)
        monitoring = assemble_monitoring(settings, store, metrics, radar)
        sampler = DriftSampler(store.submit, settings.drift_samples_per_minute)
        drift = DriftService(store, serving, timedelta(hours=settings.drift_window_hours))
        drift_watch = DriftWatch(
            drift,
            store,
            monitoring.alerts,
            cooldown=timedelta(seconds=settings.alert_cooldown_seconds),
            keep=timedelta(days=settings.drift_days),
        )
        predictions = PredictionService(
            serving,
            outcomes,
            Contest(models.challenger, outcomes, shadow, metrics.challenger),
            store,
            fingerprints,
            metrics,
            PredictionOptions(store_text=settings.store_text, audit_share=settings.audit_share),
            monitoring.on_verdict,
            sampler,
        )
        retention = Retention(
            store, settings.text_retention_days, settings.prediction_retention_days
        )
        app.state.services = Services(
            access=access,
            guard=LoadGuard(admission, longest_seconds=settings.request_timeout_seconds),
            scheduler=scheduler,
            serving=serving,
            models=models.service,
            predictions=predictions,
            explanations=ExplanationService(serving, predictions, Evaluation(encoding, scheduler)),
            feedback=FeedbackService(
                store,
                fingerprints,
                settings.max_text_characters,
                settings.store_text,
                monitoring.on_verdict,
            ),
            erasure=ErasureService(store, fingerprints, settings.max_text_characters),
            health=HealthService(serving, store, access, scheduler, draining),
            metrics=metrics,
            alerts=monitoring.alerts,
            radar=radar,
            quality=QualityService(store, metrics.request_figures),
            drift=drift,
            mentions=MentionService(
                serving,
                encoding,
                scheduler,
                Recorder(store, fingerprints, RecorderOptions.of(settings)),
                max_text_characters=settings.max_text_characters,
            ),
        )
        if tracing is not None:
            tracing.start(metrics.count_lost_spans)
        # Both in the background: the process is alive, and says what it lacks, from the start.
        store.open()
        models.service.start()
        monitoring.start()
        drift_watch.start()
        retention.start()
        if ring is not None:
            ring.start()
        try:
            yield
        finally:
            models.service.close()
            await shadow.close()
            scheduler.close()
            encoding.close()
            if ring is not None:
                ring.stop()
            retention.close()
            drift_watch.close()
            sampler.close()
            monitoring.close()
            store.close()
            if tracing is not None:
                tracing.close()

    app = FastAPI(
        title="Bad-buzz radar: sentiment",
        description=DESCRIPTION,
        version=version("radar-inference"),
        lifespan=lifespan,
        telemetry=NO_TELEMETRY,
    )
    app.state.draining = draining
    include(app, ROUTERS)
    if with_keys:
        describe_keys(app, ROUTERS)
    handlers.add_handlers(app)
    # The last one added is the outermost.
    app.add_middleware(Doorkeeper, routes=app.router.routes)
    app.add_middleware(BodyLimit, max_bytes=settings.max_body_bytes)
    app.add_middleware(RequestContext, metrics=metrics, draining=draining)
    app.add_middleware(Interpreter, dialects=DIALECTS)
    if tracing is not None:
        add_tracing(app, tracing)
    return app

"""The parts that find, follow and change models, put together."""

from dataclasses import dataclass, replace

from inference.metrics import Metrics
from inference.model.cache import BundleCache
from inference.model.challenger import ALIAS, Challenger
from inference.model.follower import Follower, FollowerOptions
from inference.model.origin import Spoken, origin_of
from inference.model.registry import Registry
from inference.model.service import ModelService
from inference.model.serving import ServedModel, ServingModel
from inference.model.source import RegistrySource, Source, parse_source
from inference.settings import Settings, SettingsError


@dataclass(frozen=True)
class ModelSources:
    """Where the two models come from.

    Attributes:
        champion: what answers.
        challenger: what stands beside it; None while nothing does.
    """

    champion: Source
    challenger: RegistrySource | None


@dataclass(frozen=True)
class Models:
    """The parts that others use."""

    serving: ServingModel
    challenger: Challenger
    service: ModelService


def sources_of(settings: Settings) -> ModelSources:
    """Understand the settings.

    Raises:
        SettingsError: `MODEL_SOURCE` is not understood, or cannot have a challenger.
    """
    champion = parse_source(settings.model_source)
    if settings.challenger_mode == "off":
        return ModelSources(champion, None)
    if not isinstance(champion, RegistrySource):
        raise SettingsError(
            "CHALLENGER_MODE: must be off unless MODEL_SOURCE is models:/NAME@ALIAS or "
            "models:/NAME/VERSION: the challenger is another version of that model"
        )
    if champion.alias == ALIAS:
        raise SettingsError(
            f"CHALLENGER_MODE: must be off while MODEL_SOURCE itself follows the alias {ALIAS}"
        )
    return ModelSources(champion, replace(champion, alias=ALIAS, version=None))


def assemble(
    settings: Settings, sources: ModelSources, registry: Registry, metrics: Metrics
) -> Models:
    """Make the parts; nothing is looked at before the service starts."""

    def follow(serving: ServingModel, source: Source, text: str, *, required: bool) -> Follower:
        return Follower(
            serving,
            origin_of(
                source,
                Spoken(text, settings.model_precision),
                registry,
                lambda wanted: BundleCache(settings.cache_dir, wanted),
            ),
            FollowerOptions(text, settings.model_poll_seconds, required=required),
        )

    def show(served: ServedModel | None) -> None:
        if served:
            metrics.set_model(
                served.name,
                served.version,
                served.bundle.precision,
                fallback=served.fallback is not None,
            )

    serving, contending = ServingModel(), ServingModel()
    serving.on_swap(show)
    contending.on_swap(metrics.challenger.serves)
    metrics.watch_following(lambda: serving.following)
    challenger = Challenger(
        contending,
        metrics.challenger,
        mode=settings.challenger_mode,
        share=settings.challenger_share,
    )
    second = None
    if sources.challenger:
        text = f"models:/{sources.challenger.name}@{ALIAS}"
        second = follow(contending, sources.challenger, text, required=False)
    first = follow(serving, sources.champion, settings.model_source, required=True)
    return Models(serving, challenger, ModelService(serving, first, challenger, second))

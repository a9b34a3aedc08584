"""Every setting of the API, read from environment variables of the same names."""

from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import SettingsConfigDict
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from inference.alerts.settings import AlertSettings
from inference.drift.settings import DriftSettings
from inference.privacy.settings import PrivacySettings
from inference.telemetry.settings import TelemetrySettings

MIN_KEY_CHARACTERS = 32
PLACEHOLDERS = ("change", "example", "placeholder")
"""Words in values that were copied from somewhere; hardly ever in random ones."""


class SettingsError(Exception):
    """A setting that cannot be used; the message names the variable and how to mend it."""


class Settings(AlertSettings, DriftSettings, PrivacySettings, TelemetrySettings):
    """Settings of the API; each is the environment variable of its name in capitals."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", protected_namespaces=())

    environment: Literal["development", "staging", "production"] = Field(
        default="development",
        description="outside development, secrets must be given and defaults are refused",
    )
    access: Literal["auto", "keys", "open"] = Field(
        default="auto",
        description="who may ask: whoever has an access key, or everybody; auto: everybody in "
        "development on a loopback address, and nothing starts elsewhere",
    )
    data_dir: Path = Field(
        default=Path(".radar"), description="folder for what the API keeps on this machine"
    )
    database_url: str = Field(
        default="",
        description="SQLAlchemy URL of the store, SQLite or PostgreSQL; "
        "empty: inference.db in DATA_DIR",
    )
    spool_predictions: int = Field(
        default=100_000,
        ge=0,
        description="predictions that may wait in DATA_DIR while PostgreSQL does not answer, "
        "before new ones get 503; 0: none, nor verdicts",
    )
    spool_verdicts: int = Field(
        default=10_000,
        ge=0,
        description="verdicts on predictions that PostgreSQL has that may wait likewise; 0: none",
    )
    mlflow_tracking_uri: str = Field(
        default="",
        description="MLflow's tracking server or store; "
        "empty: mlflow.db in .radar, where `trainer` keeps it without a server",
    )
    model_source: str = Field(
        default="models:/tweet-sentiment@champion",
        description="what to serve: models:/NAME@ALIAS (followed), models:/NAME/VERSION, "
        "or a bundle's directory",
    )
    model_precision: Literal["auto", "fp32", "int8"] = Field(
        default="auto",
        description="which graph of the bundle to run; auto: int8 where the bundle has it and it "
        "answers on this processor as it did where it was made, else fp32",
    )
    model_poll_seconds: float = Field(
        default=30.0, gt=0, le=86_400, description="seconds between looks at the alias"
    )
    challenger_mode: Literal["off", "shadow", "canary"] = Field(
        default="off",
        description="what the model with the alias challenger does: nothing, compute copies of "
        "predictions when there is time, or answer requests",
    )
    challenger_share: float = Field(
        default=0.1, ge=0, le=1, description="share of the requests that it does that for"
    )
    bundle_cache_dir: Path | None = Field(
        default=None,
        description="folder that keeps verified bundles, so that a restart works while MLflow is "
        "down; empty: bundles in DATA_DIR",
    )
    inference_threads: int = Field(
        default=0,
        ge=0,
        le=256,
        description="batches computed at the same time; 0: as many as cores that this process, "
        "or its container, may use",
    )
    batch_tokens: int = Field(
        default=512, ge=1, description="most tokens in one batch, padding included"
    )
    max_waiting_tokens: int = Field(
        default=16_384,
        ge=1,
        description="tokens that may be in, estimated from the requests' bytes, before new "
        "requests get 429; fewer for a request whose time would be up before its turn",
    )
    request_timeout_seconds: float = Field(
        default=10.0,
        gt=0,
        le=600,
        description="time that a request has, and the most that X-Request-Timeout may ask for",
    )
    max_body_bytes: int = Field(
        default=1_048_576,
        ge=1_024,
        description="largest body; holds 256 tweets of 280 characters however they are escaped",
    )
    max_text_characters: int = Field(
        default=10_000, ge=1, description="longest text; a longer one is refused"
    )
    store_text: Literal["none", "audit", "all"] = Field(
        default="none",
        description="whose text is kept with a prediction: nobody's, that of the random audit "
        "share, everybody's; a verdict with consent always brings its own",
    )
    audit_share: float = Field(
        default=0.05, ge=0, le=1, description="share of predictions marked for a random audit"
    )
    radar_days: int = Field(
        default=60,
        ge=2,
        le=400,
        description="days back from the newest mention that the radar keeps counts of; an older "
        "mention comes too late to count",
    )
    text_hmac_key: str = Field(
        default="",
        repr=False,
        description="secret of 32 characters or more under which texts are fingerprinted; "
        "in development one is made in DATA_DIR",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO",
        description="least severe log line written; lines of probes and of requests refused with "
        "429 are `DEBUG`",
    )
    drain_seconds: float = Field(
        default=1.0,
        ge=0,
        le=300,
        description="time after SIGTERM in which requests are still taken, while readiness "
        "sends new ones elsewhere",
    )
    shutdown_seconds: int = Field(
        default=20, ge=1, description="time that requests in flight have after that"
    )
    otel_exporter_otlp_endpoint: str = Field(
        default="",
        description="address of an OpenTelemetry collector, such as http://collector:4318, that "
        "gets a trace of each request over HTTP; empty: none is made",
    )
    otel_service_name: str = Field(
        default="radar-inference", min_length=1, description="name under which traces are sent"
    )
    otel_traces_sampler: Literal[
        "always_on",
        "always_off",
        "traceidratio",
        "parentbased_always_on",
        "parentbased_always_off",
        "parentbased_traceidratio",
    ] = Field(
        default="parentbased_always_on",
        description="which requests are traced: parentbased follows a client that sends "
        "traceparent, and applies the rest of the name to the others",
    )
    otel_traces_sampler_arg: float = Field(
        default=1.0, ge=0, le=1, description="share of requests that traceidratio traces"
    )

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str) -> str:
        try:
            url = make_url(value.replace("postgres://", "postgresql://", 1)) if value else None
        except ArgumentError:
            raise ValueError("is not a SQLAlchemy URL") from None
        if url is not None and url.get_backend_name() not in ("sqlite", "postgresql"):
            raise ValueError("must begin with sqlite:/// or postgresql://")
        if (
            url is not None
            and url.get_backend_name() == "sqlite"
            and (url.database in (None, "", ":memory:"))
        ):
            raise ValueError("needs a file: a database in memory is lost at every restart")
        return value

    @field_validator("otel_exporter_otlp_endpoint")
    @classmethod
    def _known_collector(cls, value: str) -> str:
        try:
            parts = urlsplit(value)
            usable = parts.scheme in ("http", "https") and bool(parts.hostname)
        except ValueError:
            usable = False
        if value and not usable:
            raise ValueError("must be an address such as http://127.0.0.1:4318")
        return value

    @model_validator(mode="after")
    def _secrets_outside_development(self) -> Self:
        key = self.text_hmac_key
        if not key and self.environment == "development":
            return self
        if len(key) < MIN_KEY_CHARACTERS:
            raise ValueError(
                f"TEXT_HMAC_KEY: must be a secret of {MIN_KEY_CHARACTERS} characters or more, "
                "for instance from `openssl rand -hex 32`"
            )
        if is_placeholder(key):
            raise ValueError("TEXT_HMAC_KEY: is a placeholder, not a secret")
        return self

    @property
    def store_url(self) -> URL:
        """The store's URL with its driver; SQLAlchemy 2.1 takes psycopg 3 for a bare name."""
        if not self.database_url:
            return URL.create("sqlite", database=str(self.data_dir / "inference.db"))
        url = make_url(self.database_url.replace("postgres://", "postgresql://", 1))
        return url.set(drivername="postgresql+psycopg2") if _is_postgres(url) else url

    @property
    def tracking_uri(self) -> str:
        """Where the registry is."""
        return self.mlflow_tracking_uri or f"sqlite:///{Path('.radar/mlflow.db').resolve()}"

    @property
    def cache_dir(self) -> Path:
        """Where verified bundles are kept."""
        return self.bundle_cache_dir or self.data_dir / "bundles"


def read_settings() -> Settings:
    """Read the environment.

    Raises:
        SettingsError: a variable has a value that cannot be used; one line names each.
    """
    try:
        return Settings()
    except ValidationError as error:
        lines = [_line(item["loc"], item["msg"]) for item in error.errors(include_input=False)]
        raise SettingsError("; ".join(lines)) from None


def is_placeholder(secret: str) -> bool:
    """Whether a long enough secret is one that nobody meant to keep."""
    return len(set(secret)) < 8 or any(word in secret.lower() for word in PLACEHOLDERS)


def _line(location: tuple[int | str, ...], message: str) -> str:
    message = message.removeprefix("Value error, ")
    return f"{str(location[0]).upper()}: {message}" if location else message


def _is_postgres(url: URL) -> bool:
    return url.get_backend_name() == "postgresql"

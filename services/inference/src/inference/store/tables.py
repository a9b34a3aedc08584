"""The tables: predictions, what is kept and said of them, and access keys.

Plain tables, not mapped classes: a start from the cache has no half second for the mapper's import.
"""

import uuid
from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Dialect,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    Uuid,
    false,
)

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
}
"""Fixed constraint names, so that a later migration can name what it changes."""


class UtcDateTime(TypeDecorator[datetime]):
    """A moment, stored in UTC and read back as UTC; SQLite itself forgets the zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """The moment in UTC."""
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """The moment with its zone."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


METADATA = MetaData(naming_convention=NAMES)


def _of_prediction() -> Column[uuid.UUID]:
    return Column(
        "prediction_id", Uuid, ForeignKey("predictions.id", ondelete="CASCADE"), primary_key=True
    )


# One answer of a model. The text itself is not here: only its keyed fingerprint.
PREDICTIONS = Table(
    "predictions",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("text_hmac", String(64), nullable=False, index=True),
    Column("model_name", Text, nullable=False),
    Column("model_version", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("probabilities", JSON, nullable=False),
    Column("uncertain", Boolean, nullable=False),
    Column("truncated", Boolean, nullable=False),
    Column("token_count", Integer, nullable=False),
    Column("audit", Boolean, nullable=False),
    # The label's probability, and what `language.guess_language` says; null in older rows.
    Column("confidence", Double, nullable=True),
    Column("language", String(8), nullable=True),
    # By time, and with all that figures by day, version and language ask for, so that they need
    # not read the rows: see `quality.repository`.
    Index(
        "ix_predictions_quality",
        *("created_at", "model_name", "model_version", "language", "audit", "label", "confidence"),
    ),
)

# A text that somebody allowed to be kept, with the reason it is kept for.
KEPT_TEXTS = Table(
    "kept_texts",
    METADATA,
    _of_prediction(),
    Column("reason", String(16), primary_key=True),
    Column("text", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False, index=True),
    CheckConstraint("reason IN ('audit', 'all', 'consent')", name="reason"),
)

# What somebody said of a prediction; a changed mind is a further revision. Its primary key is
# what makes two simultaneous clicks one revision, whatever else may fail.
VERDICTS = Table(
    "verdicts",
    METADATA,
    _of_prediction(),
    Column("revision", Integer, primary_key=True),
    Column("verdict", String(16), nullable=False),
    Column("corrected_label", Text, nullable=True),
    Column("channel", String(64), nullable=True),
    Column("reviewer", String(64), nullable=True),
    Column("reviewer_key", String(64), nullable=True),
    # Given on a random audit, by somebody who was not shown what the model says. The database has
    # the default for a version of the service that does not know the column.
    Column("audit", Boolean, nullable=False, default=False, server_default=false()),
    Column("created_at", UtcDateTime, nullable=False, index=True),
    CheckConstraint("verdict IN ('confirmed', 'rejected', 'skipped')", name="verdict"),
)

# What a challenger says of a prediction that the champion answered. Both models' seconds are those
# that the batch with its text spent in the graph.
SHADOW_PREDICTIONS = Table(
    "shadow_predictions",
    METADATA,
    _of_prediction(),
    Column("model_version", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("confidence", Double, nullable=False),
    Column("seconds", Double, nullable=False),
    Column("champion_seconds", Double, nullable=False),
)

# Who may ask for what. A key itself is not here: only its digest.
API_KEYS = Table(
    "api_keys",
    METADATA,
    Column("name", String(64), primary_key=True),
    Column("digest", String(64), nullable=False, unique=True),
    Column("scopes", Text, nullable=False),
    Column("requests_per_minute", Integer, nullable=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=True),
    Column("revoked_at", UtcDateTime, nullable=True),
    CheckConstraint("requests_per_minute > 0", name="rate"),
)


# The radar's mentions by what makes each one itself: a keyed hash. No text, no author.
RADAR_MENTIONS = Table(
    "radar_mentions",
    METADATA,
    Column("identity", LargeBinary, primary_key=True),
    Column("minute", Integer, nullable=False, index=True),
    # Null where an earlier version of the service counted it.
    Column("text_hmac", String(64), nullable=True, index=True),
)

# Mentions of a minute, numbered from the beginning of 1970.
RADAR_COUNTS = Table(
    "radar_counts",
    METADATA,
    Column("minute", Integer, primary_key=True),
    Column("airline", String(64), primary_key=True),
    Column("label", String(200), primary_key=True),
    Column("mentions", Integer, nullable=False),
    Column("negative_sum", Double, nullable=False),
    Column("reach", BigInteger, nullable=False),
)

# In how many negative mentions of an hour a word or topic occurred; hour 0 is all the time. A word
# has its name only once enough authors used it, of which `authors` is a sketch.
RADAR_WORDS = Table(
    "radar_words",
    METADATA,
    Column("hour", Integer, primary_key=True),
    Column("airline", String(64), primary_key=True),
    Column("kind", String(8), primary_key=True),
    Column("token", LargeBinary, primary_key=True),
    Column("name", String(64), nullable=True),
    Column("uses", Integer, nullable=False),
    Column("authors", BigInteger, nullable=False),
    CheckConstraint("kind IN ('word', 'topic', 'all')", name="kind"),
)

# A few negative mentions of each hour, where texts may be kept.
RADAR_SAMPLES = Table(
    "radar_samples",
    METADATA,
    Column("identity", LargeBinary, primary_key=True),
    Column("minute", Integer, nullable=False),
    Column("airline", String(64), nullable=False),
    Column("text_hmac", String(64), nullable=False, index=True),
    Column("text", Text, nullable=False),
    Column("negative", Double, nullable=False),
    # When it was kept, from which on it expires; null until the next sweep where an earlier version
    # of the service kept it.
    Column("kept_at", UtcDateTime, nullable=True),
    Index("ix_radar_samples_airline", "airline", "minute"),
)

# One row: whoever writes mentions changes it first, so that replicas write one after the other.
RADAR_STATE = Table(
    "radar_state",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("revision", Integer, nullable=False),
    Column("newest", Integer, nullable=True),
)

# What was found to be wrong, for all processes. The number counts the alerts of a kind on one
# thing, and each follows one that is resolved, so its uniqueness is what makes the alerts of
# processes that find the same at the same time one.
ALERTS = Table(
    "alerts",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("kind", String(32), nullable=False),
    Column("key", String(128), nullable=False),
    Column("number", Integer, nullable=False),
    Column("summary", Text, nullable=False),
    Column("details", JSON, nullable=False),
    Column("opened_at", UtcDateTime, nullable=False, index=True),
    Column("last_seen_at", UtcDateTime, nullable=False),
    Column("acknowledged_at", UtcDateTime, nullable=True),
    Column("acknowledged_by", String(64), nullable=True),
    Column("acknowledged_key", String(64), nullable=True),
    Column("resolved_at", UtcDateTime, nullable=True),
    Column("resolved_by", String(64), nullable=True),
    Column("resolved_key", String(64), nullable=True),
    UniqueConstraint("kind", "key", "number", name="uq_alerts_kind_key_number"),
)

# The predictions that an alert rests on. An erased one leaves, and the alert stays.
ALERT_PREDICTIONS = Table(
    "alert_predictions",
    METADATA,
    Column("alert_id", Uuid, ForeignKey("alerts.id", ondelete="CASCADE"), primary_key=True),
    Column(
        "prediction_id",
        Uuid,
        ForeignKey("predictions.id", ondelete="CASCADE"),
        primary_key=True,
        index=True,
    ),
)

# Where an alert has to go, and how far it got. Whoever sends one moves `due_at` first.
ALERT_DELIVERIES = Table(
    "alert_deliveries",
    METADATA,
    Column("alert_id", Uuid, ForeignKey("alerts.id", ondelete="CASCADE"), primary_key=True),
    Column("channel", String(16), primary_key=True),
    Column("attempts", Integer, nullable=False),
    Column("due_at", UtcDateTime, nullable=False),
    Column("delivered_at", UtcDateTime, nullable=True),
    Column("last_error", String(200), nullable=True),
)

# What one process answered since it noted that before.
TRAFFIC = Table(
    "traffic",
    METADATA,
    Column("process", Uuid, primary_key=True),
    Column("noted_at", UtcDateTime, primary_key=True, index=True),
    Column("requests", Integer, nullable=False),
    Column("errors", Integer, nullable=False),
    Column("predictions", Integer, nullable=False),
    Column("slow", Integer, nullable=False),
)

# Counts of 20 texts that one model version answered, or that were recorded for it as its reference.
DRIFT_GROUPS = Table(
    "drift_groups",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("model_name", Text, nullable=False),
    Column("model_version", Text, nullable=False),
    Column("source", String(16), nullable=False),
    Column("ended_at", UtcDateTime, nullable=False, index=True),
    Column("counts", JSON, nullable=False),
    CheckConstraint("source IN ('served', 'recorded')", name="source"),
    Index("ix_drift_groups_version", "model_version", "source", "ended_at"),
)

"""A typed client of the sentiment API, in two forms: `Client` waits, `AsyncClient` is awaited.

from radar_client import Client

with Client() as client:  # RADAR_URL and RADAR_API_KEY
    print(client.predict("Three hours late and nobody says a word").label)
"""

from radar_client.answers import (
    BatchItem,
    Explanation,
    FeedbackReceipt,
    Following,
    Health,
    ModelInfo,
    Prediction,
    QueuedFeedback,
    Verdict,
    WordWeight,
)
from radar_client.async_client import AsyncClient
from radar_client.client import Client
from radar_client.errors import (
    AccessError,
    AnswerError,
    BusyError,
    FailedError,
    NoAnswerError,
    ProblemError,
    RadarError,
    RefusedError,
    SettingError,
    UnavailableError,
)
from radar_client.retries import Policy

__all__ = [
    "AccessError",
    "AnswerError",
    "AsyncClient",
    "BatchItem",
    "BusyError",
    "Client",
    "Explanation",
    "FailedError",
    "FeedbackReceipt",
    "Following",
    "Health",
    "ModelInfo",
    "NoAnswerError",
    "Policy",
    "Prediction",
    "ProblemError",
    "QueuedFeedback",
    "RadarError",
    "RefusedError",
    "SettingError",
    "UnavailableError",
    "Verdict",
    "WordWeight",
]

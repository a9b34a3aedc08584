"""Azure AI Language's sentiment analysis, through azure-ai-textanalytics.

Limits: https://learn.microsoft.com/azure/ai-services/language-service/concepts/data-limits
(synchronous requests; read in its edition of 2025-11-18).
"""

from collections.abc import Sequence
from typing import Any, NoReturn
from urllib.parse import urlsplit

from azure.ai.textanalytics import TextAnalyticsClient, TextDocumentInput
from azure.core.credentials import AzureKeyCredential
from azure.core.exceptions import (
    AzureError,
    HttpResponseError,
    ServiceRequestError,
)

from trainer.baselines.credentials import find, missing_message
from trainer.baselines.service import BaselineError, Failure, Patience, Reply, as_answer

ENDPOINT_VARIABLE = "AZURE_LANGUAGE_ENDPOINT"
KEY_VARIABLE = "AZURE_LANGUAGE_KEY"
VARIABLES = (ENDPOINT_VARIABLE, KEY_VARIABLE)

TEXTS_PER_REQUEST = 10
LONGEST_TEXT = 5_120
"""Text elements. Code points are counted here, which are never fewer. Ten such texts, escaped as
JSON, stay under the limit of 1 MB per request."""

REQUEST_AT_FAULT = frozenset({400, 413, 422})
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class AzureLanguage:
    """See `trainer.baselines.service.Service`."""

    name = "azure"
    texts_per_request = TEXTS_PER_REQUEST

    def __init__(self, endpoint: str, key: str, patience: Patience | None = None) -> None:
        """Prepare; nothing is sent.

        Args:
            endpoint: URL of the Language resource.
            key: one of its two keys.
            patience: None takes the default.

        Raises:
            BaselineError: the endpoint is no URL, or would carry the key unencrypted.
        """
        self.endpoint = _checked(endpoint)
        self._patience = patience or Patience()
        retries = self._patience.attempts - 1
        self._client = TextAnalyticsClient(
            self.endpoint,
            AzureKeyCredential(key),
            connection_timeout=self._patience.connect_seconds,
            read_timeout=self._patience.read_seconds,
            retry_total=retries,
            retry_connect=retries,
            retry_read=retries,
            retry_status=retries,
        )

    def refusal(self, text: str, language: str) -> Failure | None:
        """See `trainer.baselines.service.Service.refusal`."""
        if not text.strip():
            return Failure("empty")
        return Failure("too-long") if len(text) > LONGEST_TEXT else None

    def ask(self, texts: Sequence[str], language: str) -> list[Reply]:
        """See `trainer.baselines.service.Service.ask`."""
        model = ""

        def note_model(response: Any) -> None:
            nonlocal model
            model = getattr(response, "model_version", None) or ""

        documents = [
            TextDocumentInput(id=str(place), text=text, language=language)
            for place, text in enumerate(texts)
        ]
        try:
            results = self._client.analyze_sentiment(
                documents,
                # Else the service keeps the texts for 48 hours.
                disable_service_logs=True,
                raw_response_hook=note_model,
                # Repeating a request does no harm but its price after a time-out; by default
                # azure-core repeats no POST then, nor after 429 without Retry-After.
                retry_on_methods=frozenset({"POST"}),
            )
            by_id = {result.id: result for result in results}
            return [_reply(by_id.get(document.id), model) for document in documents]
        except HttpResponseError as error:
            if error.status_code not in REQUEST_AT_FAULT:
                self._give_up(error, error.status_code)
            code = error.error.code if error.error else None
            return [Failure(code or f"http-{error.status_code}") for _ in texts]
        except AzureError as error:
            self._give_up(error)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            # What the SDK's deserialiser makes of JSON in another form than documented.
            raise BaselineError(
                f"{self.endpoint} answered what cannot be read ({type(error).__name__}: {error})"
            ) from error

    def _give_up(self, error: AzureError, status: int | None = None) -> NoReturn:
        if status in (401, 403):
            reason = f"refused the key: check {KEY_VARIABLE}, and that it is of this endpoint"
        elif status == 404:
            reason = f"has no sentiment analysis: check {ENDPOINT_VARIABLE}"
        elif status is not None and status < 400:
            reason = "answered what is not JSON"
        elif status is not None:
            reason = f"answered {status} to {self._patience.attempts} attempts: try later"
        elif isinstance(error, ServiceRequestError):
            reason = f"cannot be reached: check {ENDPOINT_VARIABLE} and the network"
        else:
            reason = f"did not answer {self._patience.attempts} attempts in time, or broke off"
        raise BaselineError(f"{self.endpoint} {reason}") from error


def connect() -> AzureLanguage:
    """The resource that the environment or the Key Vault names.

    Raises:
        BaselineError: a variable is missing or cannot be used.
    """
    found = find(VARIABLES)
    if missing := [name for name in VARIABLES if name not in found]:
        raise BaselineError(f"no credentials of Azure AI Language: {missing_message(missing)}")
    return AzureLanguage(found[ENDPOINT_VARIABLE], found[KEY_VARIABLE])


def _checked(endpoint: str) -> str:
    """The endpoint, if the key may be sent to it; the SDK itself would send it unencrypted."""
    try:
        parts = urlsplit(endpoint)
        host = parts.hostname
    except ValueError:
        host = None
    if not host or parts.scheme not in ("http", "https"):
        raise BaselineError(
            f"{ENDPOINT_VARIABLE} is no URL: it looks like https://NAME.cognitiveservices.azure.com"
        )
    if parts.scheme == "http" and host not in LOOPBACK:
        raise BaselineError(f"{ENDPOINT_VARIABLE} would carry the key unencrypted: use https://")
    return endpoint.rstrip("/")


def _reply(result: Any, model: str) -> Reply:
    if result is None:
        return Failure("missing")
    if result.is_error:
        return Failure(str(result.error.code))
    scores = result.confidence_scores
    return as_answer(
        result.sentiment, scores.negative, scores.neutral, scores.positive, model=model
    )

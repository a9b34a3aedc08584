"""What every cloud sentiment service is to this package, and how one is reached."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Protocol

from trainer.errors import TrainerError

MIXED = "mixed"
"""What both services say of a text that is positive in one place and negative in another."""

SERVICES = {
    "azure": "trainer.baselines.azure_language",
    "comprehend": "trainer.baselines.comprehend",
}
"""Name of each service, and the module whose `connect` reaches it."""


class BaselineError(TrainerError):
    """A service that cannot be used, or that stopped answering."""


@dataclass(frozen=True)
class Answer:
    """What a service says of one text.

    Attributes:
        sentiment: `negative`, `neutral`, `positive` or `mixed`.
        negative: the service's confidence, 0 to 1.
        neutral: the same.
        positive: the same; Comprehend's fourth, of mixed, is what the three leave to 1.
        model: version of the service's model, empty where it does not say.
    """

    sentiment: str
    negative: float
    neutral: float
    positive: float
    model: str = ""


@dataclass(frozen=True)
class Failure:
    """A text without an answer.

    Attributes:
        code: the service's own error code, or one of this package's in small letters. Messages
            are left out, since they may quote the text.
    """

    code: str


Reply = Answer | Failure


@dataclass(frozen=True)
class Patience:
    """How long a service is waited for.

    Attributes:
        attempts: how often a request is sent, the first time included.
        connect_seconds: for a connection.
        read_seconds: for the answer to one attempt.
    """

    attempts: int = 6
    connect_seconds: float = 10.0
    read_seconds: float = 30.0


class Service(Protocol):
    """A service that is ready to be asked."""

    @property
    def name(self) -> str:
        """Its key in `SERVICES`."""
        ...

    @property
    def endpoint(self) -> str:
        """Where it is; answers of another place are other answers."""
        ...

    @property
    def texts_per_request(self) -> int:
        """The most texts in one request."""
        ...

    def refusal(self, text: str, language: str) -> Failure | None:
        """Why the service would not take a text; None where it does."""
        ...

    def ask(self, texts: Sequence[str], language: str) -> list[Reply]:
        """Send one request, again where the service is busy.

        Args:
            texts: 1 to `texts_per_request`, each without `refusal`.
            language: ISO 639-1 code of all of them.

        Returns:
            A reply to each text, in order.

        Raises:
            BaselineError: the credentials are refused, the service cannot be reached, stays busy,
                or answers what cannot be read.
        """
        ...


def connect(name: str) -> Service:
    """The service of that name, with credentials from the environment or Azure Key Vault.

    Raises:
        BaselineError: the service's SDK is not installed.
        TrainerError: credentials are missing.
    """
    try:
        module = import_module(SERVICES[name])
        service: Service = module.connect()
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in ("azure", "boto3", "botocore"):
            raise
        raise BaselineError(
            f"the SDK of {name} is not installed: pip install {' '.join(PACKAGES[name])} "
            "(or the trainer's extra `baselines`)"
        ) from error
    return service


PACKAGES = {
    "azure": ("azure-ai-textanalytics", "azure-identity", "azure-keyvault-secrets"),
    "comprehend": ("boto3", "azure-identity", "azure-keyvault-secrets"),
}
"""What each service needs installed; Key Vault may hold the credentials of either."""


def as_answer(
    sentiment: str, negative: float, neutral: float, positive: float, model: str = ""
) -> Answer:
    """An answer, checked.

    Raises:
        ValueError: the sentiment is unknown, or a score is not between 0 and 1.
    """
    answer = Answer(
        sentiment.lower(), float(negative), float(neutral), float(positive), model=model
    )
    if answer.sentiment not in ("negative", "neutral", "positive", MIXED):
        raise ValueError(f"the unknown sentiment {sentiment!r}")
    for score in (answer.negative, answer.neutral, answer.positive):
        if not 0 <= score <= 1:
            raise ValueError(f"the score {score}, which is not between 0 and 1")
    return answer

"""Amazon Comprehend's sentiment detection, through boto3.

Limits: https://docs.aws.amazon.com/comprehend/latest/APIReference/API_BatchDetectSentiment.html
"""

import os
from collections.abc import Sequence
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from trainer.baselines.credentials import VAULT_VARIABLE, find, missing_message
from trainer.baselines.service import BaselineError, Failure, Patience, Reply, as_answer

KEY_VARIABLES = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
TOKEN_VARIABLE = "AWS_SESSION_TOKEN"
REGION_VARIABLES = ("AWS_REGION", "AWS_DEFAULT_REGION")

TEXTS_PER_REQUEST = 25
LONGEST_TEXT = 5_000
"""Bytes of UTF-8; the reference says 5 KB, which is taken to be the smaller of its two meanings."""

LANGUAGES = frozenset("en es fr de it pt ar hi ja ko zh zh-TW".split())

REQUEST_AT_FAULT = frozenset(
    {
        "BatchSizeLimitExceededException",
        "InvalidRequestException",
        "TextSizeLimitExceededException",
        "UnsupportedLanguageException",
    }
)
"""Errors of the operation that blame the texts. All else ends the run: sending more would not
help."""

CREDENTIALS_AT_FAULT = frozenset(
    {
        "AccessDeniedException",
        "ExpiredTokenException",
        "IncompleteSignature",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationToken",
        "NotAuthorized",
        "OptInRequired",
        "UnrecognizedClientException",
    }
)
"""https://docs.aws.amazon.com/comprehend/latest/APIReference/CommonErrors.html"""


class Comprehend:
    """See `trainer.baselines.service.Service`."""

    name = "comprehend"
    texts_per_request = TEXTS_PER_REQUEST

    def __init__(self, session: boto3.Session, patience: Patience | None = None) -> None:
        """Prepare; nothing is sent.

        Args:
            session: holds region and credentials.
            patience: None takes the default.

        Raises:
            BaselineError: an endpoint or a region that is none.
        """
        self._patience = patience or Patience()
        config = Config(
            connect_timeout=self._patience.connect_seconds,
            read_timeout=self._patience.read_seconds,
            # Backs off after throttling, and waits as long as x-amz-retry-after says.
            retries={"mode": "standard", "total_max_attempts": self._patience.attempts},
        )
        try:
            self._client = session.client("comprehend", config=config)
        except (BotoCoreError, ValueError) as error:
            raise BaselineError(f"cannot use Amazon Comprehend: {error}") from error
        self.endpoint: str = self._client.meta.endpoint_url

    def refusal(self, text: str, language: str) -> Failure | None:
        """See `trainer.baselines.service.Service.refusal`."""
        if language not in LANGUAGES:
            raise BaselineError(
                f"Amazon Comprehend does not read {language!r}: give a --language of "
                f"{', '.join(sorted(LANGUAGES))}"
            )
        if not text.strip():
            return Failure("empty")
        return Failure("too-long") if len(text.encode()) > LONGEST_TEXT else None

    def ask(self, texts: Sequence[str], language: str) -> list[Reply]:
        """See `trainer.baselines.service.Service.ask`."""
        try:
            response = self._client.batch_detect_sentiment(
                TextList=list(texts), LanguageCode=language
            )
            replies: dict[int, Reply] = {
                item["Index"]: Failure(str(item["ErrorCode"])) for item in response["ErrorList"]
            }
            for item in response["ResultList"]:
                replies[item["Index"]] = _reply(item)
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            if code in REQUEST_AT_FAULT:
                return [Failure(code) for _ in texts]
            raise BaselineError(f"{self.endpoint} {self._reason(code, error)}") from error
        except ResponseParserError as error:
            raise BaselineError(f"{self.endpoint} answered what cannot be read") from error
        except BotoCoreError as error:
            raise BaselineError(f"{self.endpoint}: {error}") from error
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise BaselineError(
                f"{self.endpoint} answered what cannot be read ({type(error).__name__}: {error})"
            ) from error
        return [replies.get(place, Failure("missing")) for place in range(len(texts))]

    def _reason(self, code: str, error: ClientError) -> str:
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        if code in CREDENTIALS_AT_FAULT or status in (401, 403):
            return (
                f"refused the credentials ({code}): check {' and '.join(KEY_VARIABLES)}, and that "
                "they may call comprehend:BatchDetectSentiment"
            )
        return f"answered {status} ({code}) to {self._patience.attempts} attempts: try later"


def connect() -> Comprehend:
    """The service, with credentials from the environment, the Key Vault or an AWS profile.

    Raises:
        BaselineError: region or credentials are missing or cannot be used.
    """
    given: dict[str, str] = {}
    if not all(os.environ.get(name) for name in KEY_VARIABLES) and os.environ.get(VAULT_VARIABLE):
        given = find((*KEY_VARIABLES, TOKEN_VARIABLE))
    try:
        if all(name in given for name in KEY_VARIABLES):
            session = boto3.Session(
                *(given[name] for name in KEY_VARIABLES), given.get(TOKEN_VARIABLE), _region()
            )
        else:
            session = boto3.Session(region_name=_region())
        found = session.get_credentials()
    except BotoCoreError as error:
        raise BaselineError(f"cannot use the AWS settings: {error}") from error
    if found is None:
        raise BaselineError(f"no credentials of AWS: {missing_message(KEY_VARIABLES)}")
    if session.region_name is None:
        raise BaselineError(
            f"no AWS region: set {REGION_VARIABLES[0]} to one that has Amazon Comprehend, "
            "such as eu-west-1"
        )
    return Comprehend(session)


def _region() -> str | None:
    """What the environment says; None leaves it to the AWS profile."""
    return next((value for name in REGION_VARIABLES if (value := os.environ.get(name))), None)


def _reply(item: Any) -> Reply:
    scores = item["SentimentScore"]
    return as_answer(item["Sentiment"], scores["Negative"], scores["Neutral"], scores["Positive"])

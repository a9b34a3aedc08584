"""Reads labelled feedback from the API, over HTTP."""

import os
from collections.abc import Iterator
from typing import Literal

import requests
from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

from trainer.errors import TrainerError, UnavailableError
from trainer.progress import Progress

URL_VARIABLE = "INFERENCE_URL"
KEY_VARIABLE = "RADAR_API_KEY"
PATH = "/v1/feedback/labelled"
PAGE_ROWS = 1_000
TIMEOUT_SECONDS = (5, 60)
RETRIES = 3
BACKOFF_SECONDS = 0.5
"""The second retry waits twice this, the third four times; the first does not wait."""
NO_ADDRESS = (
    requests.exceptions.InvalidSchema,
    requests.exceptions.InvalidURL,
    requests.exceptions.MissingSchema,
)
RETRIED = (429, 502, 503, 504)


class Judged(BaseModel):
    """A text that is kept, with what the verdict that stands says it really is.

    Attributes:
        text: the tweet.
        label: what people say it is.
        predicted_label: what the model said.
        verdict: `rejected` for a correction.
        reviewer_key: name of the access key under which the verdict was given; None for anybody.
        audit: whether the prediction belongs to the random audit share, which nobody can choose.
        judged_at: when the verdict was given.
        model_name: registered model that predicted.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", protected_namespaces=())

    text: str
    label: str
    predicted_label: str
    verdict: Literal["confirmed", "rejected"]
    reviewer_key: str | None
    audit: bool
    judged_at: AwareDatetime
    model_name: str


class _Page(BaseModel):
    items: list[Judged]
    next: str | None


def inference_url(given: str | None) -> str | None:
    """The address of the API: what the user gave, else what `INFERENCE_URL` says, else None."""
    return (given or os.environ.get(URL_VARIABLE) or "").rstrip("/") or None


def read_feedback(url: str, progress: Progress) -> list[Judged]:
    """Every labelled text that the API keeps, oldest verdict first.

    The key in `RADAR_API_KEY` is sent, if there is one.

    Args:
        url: where the API answers.
        progress: told of every page.

    Raises:
        UnavailableError: the API does not answer.
        TrainerError: it refuses, or answers something else.
    """
    with requests.Session() as session:
        retry = Retry(
            total=RETRIES,
            backoff_factor=BACKOFF_SECONDS,
            status_forcelist=RETRIED,
            raise_on_status=False,
        )
        for scheme in ("http://", "https://"):
            session.mount(scheme, HTTPAdapter(max_retries=retry))
        if key := os.environ.get(KEY_VARIABLE):
            session.headers["Authorization"] = f"Bearer {key}"
        found: list[Judged] = []
        progress.start(f"reading feedback from {url}", 1)
        for page in _pages(session, url):
            found += page.items
            progress.advance(note=f"{len(found)} texts")
        return found


def _pages(session: requests.Session, url: str) -> Iterator[_Page]:
    after: str | None = None
    while True:
        page = _page(session, url, after)
        yield page
        if page.next is None:
            return
        if page.next == after:
            raise TrainerError(f"{url}{PATH} names a page as its own next: it cannot be read")
        after = page.next


def _page(session: requests.Session, url: str, after: str | None) -> _Page:
    parameters = {"limit": str(PAGE_ROWS), **({"after": after} if after else {})}
    try:
        answer = session.get(url + PATH, params=parameters, timeout=TIMEOUT_SECONDS)
    except NO_ADDRESS as error:
        raise TrainerError(f"{URL_VARIABLE} {url!r} is no address: {error}") from None
    except requests.RequestException as error:
        reason = type(error).__name__
        raise UnavailableError(
            f"the API at {url} ({URL_VARIABLE}) does not answer: {reason}"
        ) from (error)
    if answer.status_code in (401, 403):
        raise TrainerError(
            f"the API at {url} refuses to give feedback ({answer.status_code}): set {KEY_VARIABLE} "
            "to a key that may read it (`inference keys create NAME --scope admin`)"
        )
    if answer.status_code >= 500 or answer.status_code == 429:
        raise UnavailableError(f"the API at {url} cannot give feedback now ({answer.status_code})")
    try:
        answer.raise_for_status()
        return _Page.model_validate_json(answer.content)
    except requests.HTTPError:
        raise TrainerError(
            f"{url}{PATH} answers {answer.status_code}: is {URL_VARIABLE} the API's address, and "
            "is the API of this release?"
        ) from None
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, problem["loc"])) or "the body"
        raise TrainerError(f"{url}{PATH}: {where}: {problem['msg']}") from None

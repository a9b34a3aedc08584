"""Whether what answers at an address does its work."""

import json
import time
import urllib.error
import urllib.request
from typing import Any

from infra.release.cloud import ReleaseError

TWEET = "The crew were kind but my bag did not arrive."
UNAUTHORIZED = 401


def check_api(base: str) -> None:
    """Ask for life and readiness, and as a stranger for a prediction.

    Readiness comes from a prediction with the model that serves and from the store. The pipeline
    has no access key, so it checks that without one there is nothing to be had.

    Args:
        base: address without a slash at its end.

    Raises:
        ReleaseError: one of them is wrong; the message names it.
    """
    _get(f"{base}/livez")
    ready = _json(_get(f"{base}/readyz"), f"{base}/readyz")
    if not ready.get("model_version"):
        raise ReleaseError(f"{base}/readyz answers without the version of a model")
    body = json.dumps({"text": TWEET}).encode()
    _get(f"{base}/v1/predict", body, expected=UNAUTHORIZED)


def check_page(base: str) -> None:
    """Ask for the page's health and for the page.

    Raises:
        ReleaseError: one of them is wrong; the message names it.
    """
    _get(f"{base}/_stcore/health")
    if b"<html" not in _get(base + "/").lower():
        raise ReleaseError(f"{base}/ answers with something other than a page")


def patiently(check: Any, base: str, tries: int = 6, pause: float = 5.0) -> None:
    """Check until it passes: a new address needs a moment until it is known everywhere.

    Raises:
        ReleaseError: it failed at the last try too.
    """
    for left in range(tries - 1, -1, -1):
        try:
            check(base)
            return
        except ReleaseError:
            if not left:
                raise
            time.sleep(pause)


def _get(url: str, body: bytes | None = None, expected: int = 200) -> bytes:
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=15) as response:
            status, said = response.status, bytes(response.read())
    except urllib.error.HTTPError as error:
        status, said = error.code, b""
    except OSError as error:
        raise ReleaseError(f"{url} does not answer: {error}") from error
    if status != expected:
        raise ReleaseError(f"{url} answers {status} in place of {expected}")
    return said


def _json(body: bytes, url: str) -> dict[str, Any]:
    try:
        answer = json.loads(body)
    except ValueError as error:
        raise ReleaseError(f"{url} answers with something other than JSON") from error
    if not isinstance(answer, dict):
        raise ReleaseError(f"{url} answers with something other than an object")
    return answer

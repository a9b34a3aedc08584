"""Whether what answers at an address does its work."""

import json
import time
import urllib.error
import urllib.request
from typing import Any

from infra.release.cloud import ReleaseError

TWEET = "The crew were kind but my bag did not arrive."


def check_api(base: str) -> None:
    """Ask for life, readiness, the model, and a prediction.

    Args:
        base: address without a slash at its end.

    Raises:
        ReleaseError: one of them is wrong; the message names it.
    """
    _get(f"{base}/livez")
    _get(f"{base}/readyz")
    _json(_get(f"{base}/v1/model"), f"{base}/v1/model")
    answer = _json(
        _get(f"{base}/v1/predict", json.dumps({"text": TWEET}).encode()), f"{base}/v1/predict"
    )
    if "label" not in answer or "probabilities" not in answer:
        raise ReleaseError(f"{base}/v1/predict answers without a label and probabilities")


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


def _get(url: str, body: bytes | None = None) -> bytes:
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=15) as response:
            return bytes(response.read())
    except urllib.error.HTTPError as error:
        raise ReleaseError(f"{url} answers {error.code}") from error
    except OSError as error:
        raise ReleaseError(f"{url} does not answer: {error}") from error


def _json(body: bytes, url: str) -> dict[str, Any]:
    try:
        answer = json.loads(body)
    except ValueError as error:
        raise ReleaseError(f"{url} answers with something other than JSON") from error
    if not isinstance(answer, dict):
        raise ReleaseError(f"{url} answers with something other than an object")
    return answer

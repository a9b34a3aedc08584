"""Whether the server does its work."""

import json
import urllib.error
import urllib.request

SEARCH = "/api/2.0/mlflow/experiments/search"


class UnhealthyError(Exception):
    """The server does not do its work; the message says how it fails."""


def check(address: str, seconds: float = 5.0) -> None:
    """Ask the API for an experiment, which needs the database too.

    `/health` is not asked: it answers 200 while the database is gone, and while the API refuses
    every request for its `Host`.

    Args:
        address: URL of the server.
        seconds: how long to wait for an answer.

    Raises:
        UnhealthyError: no answer, or one that is no list of experiments.
    """
    request = urllib.request.Request(
        address + SEARCH,
        data=json.dumps({"max_results": 1}).encode(),
        headers={"Content-Type": "application/json"},
    )
    # The server is asked itself, never a proxy.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=seconds) as response:
            experiments = json.load(response).get("experiments")
    except urllib.error.HTTPError as error:
        answer = error.read(200).decode(errors="replace").strip()
        raise UnhealthyError(f"{address} answers {error.code}: {answer}") from error
    except (OSError, ValueError) as error:
        raise UnhealthyError(f"{address} does not answer: {error}") from error
    if not experiments:
        raise UnhealthyError(f"{address} knows no experiment, not even the default one")

"""The real server, over HTTP."""

import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from mlflow_server.health import SEARCH

COMMAND = str(Path(sys.executable).parent / "mlflow-server")


@pytest.mark.e2e
def test_the_api_answers_listed_hosts_only(mlflow_server):
    url = mlflow_server(MLFLOW_SERVER_ALLOWED_HOSTS="mlflow:5000")

    def status(host):
        return requests.post(
            url + SEARCH, json={"max_results": 1}, headers={"Host": host}, timeout=30
        ).status_code

    assert status("evil.example") == 403
    assert status("mlflow:5000") == 200
    assert status(urlsplit(url).netloc) == 200
    # Which is why health is not asked of /health.
    assert requests.get(f"{url}/health", headers={"Host": "evil.example"}).status_code == 200

    checked = subprocess.run(
        [COMMAND, "check"],
        env={**os.environ, "MLFLOW_PORT": str(urlsplit(url).port)},
        capture_output=True,
        text=True,
    )
    assert (checked.returncode, checked.stderr) == (0, "")

"""The services' commands and settings, as this demonstration runs them."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .checks import HOST
from .health import Endpoint
from .state import Source, State

COMMANDS = ("mlflow-server", "trainer", "inference", "frontend")
MODEL_NAME = "tweet-sentiment"
CHAMPION = f"models:/{MODEL_NAME}@champion"
CHAMPION_PATH = f"/api/2.0/mlflow/registered-models/alias?name={MODEL_NAME}&alias=champion"


@dataclass(frozen=True)
class Ports:
    """The port of each service."""

    api: int
    page: int
    mlflow: int

    def by_option(self) -> dict[str, int]:
        """Port number by the option that sets it."""
        return {"--api-port": self.api, "--page-port": self.page, "--mlflow-port": self.mlflow}


class Services:
    """What to run, with which environment, and where it answers."""

    def __init__(self, commands: Mapping[str, Path], state: State, ports: Ports) -> None:
        self._commands = commands
        self._state = state
        self.mlflow = Endpoint(
            "MLflow", ports.mlflow, "/api/2.0/mlflow/registered-models/search?max_results=1"
        )
        self.api = Endpoint("API", ports.api, "/readyz")
        self.page = Endpoint("page", ports.page, "/_stcore/health")

    def log(self, endpoint: Endpoint) -> Path:
        """The log file of a service."""
        return self._state.logs / f"{endpoint.name.lower()}.log"

    def command(self, endpoint: Endpoint) -> list[str]:
        """The command of a service."""
        address = ["--host", HOST, "--port", str(endpoint.port)]
        match endpoint.name:
            case self.mlflow.name:  # takes its address from the environment
                return [str(self._commands["mlflow-server"])]
            case self.api.name:
                return [str(self._commands["inference"]), "serve", *address]
            case _:
                return [str(self._commands["frontend"]), *address]

    def training(self, recipe: str, source: Source) -> list[str]:
        """The command that trains one recipe."""
        limit = [] if source.limit is None else ["--limit", str(source.limit)]
        command = str(self._commands["trainer"])
        return [command, "train", recipe, "--data", source.argument, *limit]

    def promotion(self) -> list[str]:
        """The command that makes the best trained version the champion."""
        return [str(self._commands["trainer"]), "promote", "--best"]

    def environment(self, *, keep_texts: bool) -> dict[str, str]:
        """One environment for all: this one, with the demonstration's own settings.

        Args:
            keep_texts: let the API keep all texts, unless this environment says otherwise, so that
                the page has examples to show.
        """
        folder = self._state.folder
        local = f"{HOST},localhost"
        proxied = os.environ.get("no_proxy") or os.environ.get("NO_PROXY")
        settings = {
            "NO_PROXY": f"{proxied},{local}" if proxied else local,
            "PYTHONUNBUFFERED": "1",
            "DO_NOT_TRACK": "true",
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "TF_CPP_MIN_LOG_LEVEL": os.environ.get("TF_CPP_MIN_LOG_LEVEL", "3"),
            "MLFLOW_HOST": HOST,
            "MLFLOW_PORT": str(self.mlflow.port),
            "MLFLOW_BACKEND_STORE_URI": f"sqlite:///{folder / 'mlflow.db'}",
            "MLFLOW_ARTIFACTS_DESTINATION": str(folder / "artifacts"),
            "MLFLOW_TRACKING_URI": self.mlflow.address,
            "MODEL_SOURCE": CHAMPION,
            "MODEL_POLL_SECONDS": "2",
            "DATA_DIR": str(folder),
            "DATABASE_URL": f"sqlite:///{folder / 'inference.db'}",
            "BUNDLE_CACHE_DIR": str(folder / "bundles"),
            "API_URL": self.api.address,
        }
        if keep_texts:
            settings["STORE_TEXT"] = os.environ.get("STORE_TEXT", "all")
        settings["no_proxy"] = settings["NO_PROXY"]
        return os.environ | settings


def example_curl(api: Endpoint, text: str) -> str:
    """A command that asks the API about one tweet, to be pasted into any POSIX shell."""
    return (
        f"curl -s {api.address}/v1/predict -H 'Content-Type: application/json' "
        f"""-d '{{"text": "{text}"}}'"""
    )


def names(endpoints: Sequence[Endpoint]) -> str:
    """The endpoints' names, for a message."""
    return ", ".join(endpoint.name for endpoint in endpoints)

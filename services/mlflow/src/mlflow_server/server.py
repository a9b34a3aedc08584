"""Turning this process into MLflow's server."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from mlflow_server.settings import Settings

SQLITE = "sqlite:///"


def server_command(settings: Settings) -> list[str]:
    """The command line of MLflow's server.

    The store's URL is not on it, as it may hold a password: see `server_environment`. One worker:
    MLflow's uvicorn workers are replaced when they do not answer for 5 seconds, which a busy
    machine brings about, and one is enough for a team.
    """
    return [
        sys.executable,
        "-m",
        "mlflow",
        "server",
        "--serve-artifacts",
        f"--artifacts-destination={settings.artifacts_destination}",
        f"--host={settings.host}",
        f"--port={settings.port}",
        "--workers=1",
        f"--allowed-hosts={','.join(settings.allowed_hosts)}",
    ]


def server_environment(settings: Settings, inherited: Mapping[str, str]) -> dict[str, str]:
    """The environment of MLflow's server; what is inherited wins where it is no more than habit."""
    # A tracking URI would make the server a client of another, or of itself.
    kept = {name: value for name, value in inherited.items() if name != "MLFLOW_TRACKING_URI"}
    habits = {
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "DO_NOT_TRACK": "true",
        # A second server inside this one, for features that are not used here.
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    }
    return habits | kept | {"MLFLOW_BACKEND_STORE_URI": settings.backend_store_uri}


def serve(settings: Settings) -> NoReturn:
    """Replace this process by MLflow's server, so that signals reach it."""
    for folder in _local_folders(settings):
        folder.mkdir(parents=True, exist_ok=True)
    command = server_command(settings)
    os.execve(command[0], command, server_environment(settings, os.environ))


def _local_folders(settings: Settings) -> list[Path]:
    folders = []
    if "://" not in settings.artifacts_destination:
        folders.append(Path(settings.artifacts_destination))
    if settings.backend_store_uri.startswith(SQLITE):
        folders.append(Path(settings.backend_store_uri.removeprefix(SQLITE)).parent)
    return folders

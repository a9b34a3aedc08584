"""The command `mlflow-server`."""

import argparse
import os
import sys

from mlflow_server.health import UnhealthyError, check
from mlflow_server.server import serve
from mlflow_server.settings import Settings, SettingsError

VARIABLES = """\
environment:
  MLFLOW_BACKEND_STORE_URI      runs and registry  (sqlite file .radar/mlflow.db)
  MLFLOW_ARTIFACTS_DESTINATION  artifacts          (folder .radar/artifacts)
  MLFLOW_HOST                   address to listen on  (127.0.0.1)
  MLFLOW_PORT                   port to listen on     (5000)
  MLFLOW_SERVER_ALLOWED_HOSTS   names that requests may give as Host, comma-separated; those of
                                this machine always may
"""


def main() -> None:
    """Serve, or check a server that runs: exit status 0 if it does its work, else 1."""
    parser = argparse.ArgumentParser(
        prog="mlflow-server",
        description="MLflow's tracking server and model registry.",
        epilog=VARIABLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "command",
        nargs="?",
        choices=("serve", "check"),
        default="serve",
        help="serve (the default), or ask the API of a running server whether it works",
    )
    parser.add_argument(
        "--address",
        metavar="URL",
        help="the server to ask, by a name that others use (that of this machine)",
    )
    arguments = parser.parse_args()
    try:
        settings = Settings.from_environment(os.environ)
        if arguments.command == "check":
            check(arguments.address or settings.address)
        else:
            serve(settings)
    except (SettingsError, UnhealthyError, OSError) as error:
        sys.exit(f"mlflow-server: {error}")

"""The command `frontend`: serve the page until it is stopped."""

import argparse
import os
import sys
from importlib.resources import files
from typing import NoReturn

from frontend.settings import DEFAULT_HOST, DEFAULT_PORT, api_key, api_url
from frontend.theme import THEME

STREAMLIT = {
    "browser.gatherUsageStats": "false",
    # Shown to visitors where all else fails; details belong in the log.
    "client.showErrorDetails": "none",
    "client.showErrorLinks": "false",
    "client.toolbarMode": "minimal",
    # Its welcome would ask the internet for this machine's address.
    "logger.hideWelcomeMessage": "true",
    # Let a run that is sending a verdict end before the next click's run begins.
    "runner.fastReruns": "false",
    "server.fileWatcherType": "none",
    "server.headless": "true",
    "server.showEmailPrompt": "false",
}


def arguments() -> argparse.Namespace:
    """The command line, with defaults from the environment.

    Raises:
        SystemExit: an option cannot be used; one line on standard error says which.
    """
    parser = argparse.ArgumentParser(
        prog="frontend",
        description="Serve the analysts' page. The API's address is in API_URL, "
        "its access key, if it asks for one, in API_KEY.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument(
        "--host", default=os.environ.get("HOST") or DEFAULT_HOST, help="address to listen on (HOST)"
    )
    parser.add_argument(
        "--port",
        type=int,
        default=os.environ.get("PORT") or DEFAULT_PORT,
        help="port to listen on (PORT)",
    )
    options = parser.parse_args()
    if not 0 < options.port < 65536:
        parser.error(f"port {options.port} is not between 1 and 65535")
    try:
        api_url()
        api_key()
    except ValueError as error:
        parser.error(str(error))
    return options


def main() -> NoReturn:
    """Become Streamlit, so that signals reach it and nothing is left behind when it ends."""
    options = arguments()
    settings = STREAMLIT | THEME
    settings |= {"server.address": options.host, "server.port": str(options.port)}
    script = str(files("frontend").joinpath("app.py"))
    sys.stderr.write(
        f"Starting the page at http://{options.host}:{options.port} (API at {api_url()})\n"
    )
    sys.stderr.flush()
    flags = [f"--{name}={value}" for name, value in settings.items()]
    os.execv(sys.executable, [sys.executable, "-m", "streamlit", "run", script, *flags])

"""The launcher's command line."""

import argparse
import contextlib
import errno
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from .checks import check_python, find_commands
from .errors import DemoError, StopRequestedError
from .launch import Demo, Options
from .services import COMMANDS, Ports
from .state import SAMPLE, Source
from .supervisor import Supervisor

RECIPES = ("logistic-regression", "bert")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demonstration.

    Returns:
        0 after it was stopped while it ran, 128 plus the signal's number when it was stopped on the
        way there, 1 when something went wrong, 2 for a wrong option.
    """
    parsed = _parser().parse_args(arguments)
    supervisor = Supervisor()
    status = 0
    with supervisor.signals_caught():
        try:
            check_python()
            commands = find_commands(COMMANDS, Path(sys.executable).parent)
            demo = Demo(_options(parsed), commands, supervisor, say)
            status = _run(demo, supervisor)
        except DemoError as error:
            status = _fail(str(error))
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            status = _fail(f"the disk of {parsed.state.resolve()} is full: free some space")
    return status


def _run(demo: Demo, supervisor: Supervisor) -> int:
    with demo.state.locked():
        try:
            demo.run()
        except StopRequestedError as stop:
            return 0 if demo.ready else 128 + stop.signum
        finally:
            say("stopping")
            supervisor.stop()
            say("stopped")


def say(message: str) -> None:
    """Print a line at once; a terminal that is gone is no reason to fail."""
    with contextlib.suppress(OSError):
        print(message, flush=True)


def _fail(message: str) -> int:
    with contextlib.suppress(OSError):
        print(f"demo: {message}", file=sys.stderr, flush=True)
    return 1


def _options(parsed: argparse.Namespace) -> Options:
    if not parsed.recipes:
        raise DemoError("--recipes needs at least one recipe")
    return Options(
        source=Source.of(parsed.data, parsed.limit),
        recipes=tuple(parsed.recipes),
        ports=Ports(parsed.api_port, parsed.page_port, parsed.mlflow_port),
        state=parsed.state,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="demo",
        description="Train, promote and serve on this machine, until Ctrl-C.",
        epilog="Ports can also be given as the variables API_PORT, PAGE_PORT and MLFLOW_PORT.",
    )
    parser.add_argument("--data", default=SAMPLE, help="a file of labelled tweets")
    parser.add_argument("--limit", type=_positive, help="the most training rows")
    parser.add_argument(
        "--recipes", type=_names, default=RECIPES, help="separated by commas, the best is promoted"
    )
    parser.add_argument("--state", type=Path, default=Path(".demo"), help="folder that is kept")
    for service, port in (("api", 8000), ("page", 8501), ("mlflow", 5000)):
        # As a string, so that argparse checks a variable just as it checks an option.
        default = os.environ.get(f"{service.upper()}_PORT") or str(port)
        parser.add_argument(f"--{service}-port", type=int, default=default, help=f"or {port}")
    return parser


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is not at least 1")
    return number

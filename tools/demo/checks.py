"""What can be known to go wrong before anything is started."""

import errno
import shutil
import socket
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from .errors import DemoError

HOST = "127.0.0.1"
PYTHONS = ((3, 11), (3, 12))
FIRST_START_BYTES = 1_500_000_000
"""Free space for training: BERT's bundle (91 MB) in several copies, and room for the rest."""
NEXT_START_BYTES = 200_000_000


def check_python() -> None:
    """Refuse an interpreter that the services do not run on.

    Raises:
        DemoError: it is neither 3.11 nor 3.12.
    """
    if sys.version_info[:2] not in PYTHONS:
        raise DemoError(
            f"this is Python {sys.version_info[0]}.{sys.version_info[1]}, and the services need "
            "3.11 or 3.12: run `make demo PYTHON=python3.12`"
        )


def find_commands(names: Sequence[str], folder: Path) -> dict[str, Path]:
    """Where the services' commands are: beside the interpreter.

    Raises:
        DemoError: one is not installed there.
    """
    found = {name: path for name in names if (path := folder / name).is_file()}
    if missing := [name for name in names if name not in found]:
        raise DemoError(f"{', '.join(missing)} not found in {folder}: run `make setup` first")
    return found


def check_ports(ports: Mapping[str, int]) -> None:
    """Refuse ports that cannot be listened on.

    Args:
        ports: port number by the option that sets it, such as `--api-port`.

    Raises:
        DemoError: one is taken, given twice, or not a port at all.
    """
    seen: dict[int, str] = {}
    for option, port in ports.items():
        variable = option.removeprefix("--").replace("-", "_").upper()
        mend = f"choose another with {option}, or `make demo {variable}=...`"
        if not 1 <= port <= 65_535:
            raise DemoError(f"{option}: {port} is not a port from 1 to 65535: {mend}")
        if port in seen:
            raise DemoError(f"{seen[port]} and {option} are both {port}: {mend}")
        seen[port] = option
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind((HOST, port))
            except OSError as error:
                if error.errno == errno.EADDRINUSE:
                    why = "is taken: stop what listens there, or"
                else:
                    why = f"cannot be used ({error.strerror}):"
                raise DemoError(f"port {port} {why} {mend}") from None


def check_disk(folder: Path, needed: int) -> None:
    """Refuse to start on a disk that would fill.

    Args:
        folder: an existing folder on it.
        needed: bytes that must be free.

    Raises:
        DemoError: less is free.
    """
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise DemoError(
            f"the disk of {folder} has {free / 1e6:,.0f} MB free and {needed / 1e6:,.0f} MB are "
            "needed: free some space, or put the state on another disk with --state"
        )

"""Runs one command and outlives nobody: when its parent is gone, its whole process group goes too.

The parent holds the other end of this process's standard input and never writes to it. However the
parent ends, kill -9 included, that end closes, and end of file is the sign to stop. A signal from
the kernel (`PR_SET_PDEATHSIG`) would reach the command alone, not the workers it started.

Run as a file, in a session of its own: `python -I -S guard.py COMMAND [ARGUMENT...]`.
"""

import os
import signal
import subprocess
import sys
import threading
import time

GRACE_SECONDS = 3.0
CANNOT_START = 127
"""Exit status of a command that could not be started, as in a shell."""


def guard(command: list[str]) -> int:
    """Run a command to its end.

    Returns:
        its exit status, or 128 plus the number of the signal that ended it.
    """
    # Signals to the group are for the command. A handler, unlike "ignore", is not inherited by it.
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, lambda *_: None)
    try:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    except OSError as error:
        print(f"cannot start {command[0]}: {error.strerror}", file=sys.stderr)
        return CANNOT_START
    parent_gone = threading.Event()
    threading.Thread(target=_end_group_at_eof, args=(parent_gone,), daemon=True).start()
    status = process.wait()
    if parent_gone.is_set():
        os.killpg(0, signal.SIGKILL)  # what the command itself left behind, and this process
    return status if status >= 0 else 128 - status


def _end_group_at_eof(parent_gone: threading.Event) -> None:
    while os.read(sys.stdin.fileno(), 1024):
        pass
    parent_gone.set()
    os.killpg(0, signal.SIGTERM)
    time.sleep(GRACE_SECONDS)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(guard(sys.argv[1:]))

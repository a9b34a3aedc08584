"""What tests that cross services share: the launcher's package, free ports, gone processes."""

import socket
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tools"))  # the launcher is a tool, not an installed package


@pytest.fixture(scope="session")
def free_port() -> Callable[[], int]:
    """Gives a port that nobody listened on a moment ago, another one at each call."""
    given: set[int] = set()

    def find() -> int:
        while True:
            with socket.socket() as listener:
                listener.bind(("127.0.0.1", 0))
                port = int(listener.getsockname()[1])
            if port not in given:
                given.add(port)
                return port

    return find


@pytest.fixture(scope="session")
def wait_until_gone() -> Callable[..., None]:
    """Waits until none of some processes runs; one that nobody has reaped yet counts as gone."""

    def runs(pid: int) -> bool:
        try:
            return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False

    def wait(pids: Iterable[int], seconds: float = 15.0) -> None:
        pids = list(pids)
        deadline = time.monotonic() + seconds
        while left := [pid for pid in pids if runs(pid)]:
            assert time.monotonic() < deadline, f"still running after {seconds} s: {left}"
            time.sleep(0.05)

    return wait

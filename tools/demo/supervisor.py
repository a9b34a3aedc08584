"""Child processes that live exactly as long as the demonstration does."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from . import guard
from .errors import DemoError, StopRequestedError
from .logs import disk_is_full, last_lines

GRACE_SECONDS = 10.0
TICK_SECONDS = 0.1
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True)
class Child:
    """A running command, the leader of a process group of its own.

    Attributes:
        name: what messages call it.
        log: the file a service's output goes to; None for a job, which writes to the terminal.
    """

    name: str
    log: Path | None
    process: subprocess.Popen[bytes]


class Supervisor:
    """Starts children, notices when one ends, and stops them all.

    Attributes:
        children: those that have been started and not stopped.
    """

    def __init__(self) -> None:
        self.children: list[Child] = []
        self._signum: int | None = None

    def start(
        self, name: str, command: Sequence[str], environment: Mapping[str, str], log: Path
    ) -> Child:
        """Start a service, which must then run until `stop`; its output goes to `log`."""
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as file:
            child = Child(name, log, _spawn(command, environment, file.fileno()))
        self.children.append(child)
        return child

    def run(
        self,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        *,
        fine: Sequence[int] = (0,),
    ) -> int:
        """Run a command to its end, with its output shown, while the services are watched.

        Args:
            name: what messages call it.
            command: the command.
            environment: its environment.
            fine: the exit statuses that are no failure.

        Returns:
            Its exit status.

        Raises:
            DemoError: it failed, or a service ended meanwhile.
            StopRequestedError: see `tick`.
        """
        sys.stdout.flush()
        child = Child(name, None, _spawn(command, environment, None))
        self.children.append(child)
        while (status := child.process.poll()) is None:
            self.tick()
        self.children.remove(child)
        _signal_group(child, signal.SIGKILL)
        if status not in fine:
            raise DemoError(f"{name} {describe(status)}; what it said is above")
        return status

    def tick(self) -> None:
        """Let a moment pass.

        Raises:
            StopRequestedError: a signal asked for the end.
            DemoError: a service has ended; the message has the last lines of its log.
        """
        time.sleep(TICK_SECONDS)
        if self._signum is not None:
            raise StopRequestedError(self._signum)
        for child in self.children:
            status = child.process.poll()
            if status is not None and child.log is not None:
                raise DemoError(_obituary(child, child.log, status))

    @contextmanager
    def signals_caught(self) -> Iterator[None]:
        """Within, the stop signals are noted, for `tick` to raise."""
        before = {signum: signal.signal(signum, self._note) for signum in STOP_SIGNALS}
        try:
            yield
        finally:
            for signum, handler in before.items():
                signal.signal(signum, handler)

    def stop(self, grace: float = GRACE_SECONDS) -> None:
        """Ask every child's process group to end; kill what is left after a time.

        A further signal while waiting cuts the wait short.

        Args:
            grace: seconds to wait for jobs, and again for services.
        """
        self._signum = None
        # Jobs first, as at Ctrl-C: they clean up, and may need the services to do so.
        for jobs, signum in ((True, signal.SIGINT), (False, signal.SIGTERM)):
            children = [child for child in self.children if (child.log is None) == jobs]
            self._end(children, signum, grace)
        self.children.clear()

    def _end(self, children: Sequence[Child], signum: signal.Signals, grace: float) -> None:
        for child in children:
            _signal_group(child, signum)
        deadline = time.monotonic() + grace
        while any(child.process.poll() is None for child in children):
            if time.monotonic() > deadline or self._signum is not None:
                break
            time.sleep(TICK_SECONDS / 2)
        for child in children:
            _signal_group(child, signal.SIGKILL)
            child.process.wait()

    def _note(self, signum: int, _: FrameType | None) -> None:
        self._signum = signum


def describe(status: int) -> str:
    """An exit status in words; statuses from 129 are signals, as in a shell."""
    number = -status if status < 0 else status - 128
    if status == guard.CANNOT_START:
        return "could not be started"
    try:
        return f"was ended by {signal.Signals(number).name}"
    except ValueError:
        return f"ended with exit status {status}"


def _spawn(
    command: Sequence[str], environment: Mapping[str, str], output: int | None
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-I", "-S", guard.__file__, *command],
        stdin=subprocess.PIPE,  # never written to: see `guard`
        stdout=output,
        stderr=output,
        env=environment,
        start_new_session=True,  # Ctrl-C at the terminal reaches the launcher alone
    )


def _signal_group(child: Child, signum: signal.Signals) -> None:
    try:
        os.killpg(child.process.pid, signum)
    except (ProcessLookupError, PermissionError):  # macOS: EPERM where only zombies are left
        return


def _obituary(child: Child, log: Path, status: int) -> str:
    if disk_is_full(log):
        return f"{child.name} {describe(status)}: the disk of {log.parent} is full; free some space"
    tail = "\n".join(f"  | {line}" for line in last_lines(log)) or "  | (it said nothing)"
    return f"{child.name} {describe(status)}; the last lines of {log}:\n{tail}"

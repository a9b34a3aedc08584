"""Peers as processes of their own, each with its children in one group, which ends as a whole."""

import http.client
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil
from benchmarks.serving.catalogue import Choice, Peer
from benchmarks.serving.environments import environment_python
from benchmarks.serving.model import ServedModel
from benchmarks.serving.workdir import PEERS, BenchmarkError, Workdir

START_SECONDS = 300.0
"""Two workers that import TensorFlow at once take a minute, on a busy machine more."""
STOP_SECONDS = 10.0
LAST_LINES = 15


@dataclass(frozen=True)
class Server:
    """A service that is ready.

    Attributes:
        name: of the peer.
        url: where it listens.
        pid: of its first process, which leads its group.
        log: what it wrote.
    """

    name: str
    url: str
    pid: int
    log: Path


@contextmanager
def running(peer: Peer, choice: Choice, model: ServedModel, workdir: Workdir) -> Iterator[Server]:
    """Run a peer, and stop it with all its children at the end.

    Raises:
        BenchmarkError: it ended, or was not ready in time; the message has the end of its log.
    """
    python = environment_python(workdir, peer.requirements)
    ports = _free_ports(3)
    empty = workdir.path / "empty"
    empty.mkdir(exist_ok=True)
    workdir.logs.mkdir(exist_ok=True)
    facts = {
        **asdict(model),
        **choice,
        "python": str(python),
        "bin": str(python.parent),
        "peers": str(PEERS),
        "empty": str(empty),
        **{
            name: str(port)
            for name, port in zip(("port", "grpc_port", "metrics_port"), ports, strict=True)
        },
    }
    log = workdir.logs / f"{peer.name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [part.format_map(facts) for part in peer.command],
            env=_environment(peer.environment, choice, facts),
            cwd=empty,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        _wait(peer, process, ports[0], log)
        yield Server(peer.name, f"http://127.0.0.1:{ports[0]}", process.pid, log)
    finally:
        _stop(process)


@contextmanager
def awake(pid: int | None) -> Iterator[None]:
    """Let a server that was put to sleep run for a while; None: it never sleeps."""
    if pid is None:
        yield
        return
    _signal(_family(pid), signal.SIGCONT)
    try:
        yield
    finally:
        put_to_sleep(pid)


def put_to_sleep(pid: int) -> None:
    """Stop a server and its children where they are, so that they use no processor."""
    _signal(_family(pid), signal.SIGSTOP)


def _signal(processes: Iterable[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(number)


def processor_seconds(pid: int) -> float:
    """Time that a process and its children have computed so far."""
    total = 0.0
    for process in _family(pid):
        with suppress(psutil.Error):
            times = process.cpu_times()
            total += times.user + times.system
    return total


def _environment(
    variables: Mapping[str, str], choice: Choice, facts: Mapping[str, str]
) -> dict[str, str]:
    return {
        **os.environ,
        **choice,
        # As our API sets it: threads of the tokenizers get in the way of those that compute.
        "TOKENIZERS_PARALLELISM": "false",
        "TF_CPP_MIN_LOG_LEVEL": "2",
        "PATH": f"{facts['bin']}{os.pathsep}{os.environ.get('PATH', '')}",
        **{name: value.format_map(facts) for name, value in variables.items()},
    }


def _wait(peer: Peer, process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not _healthy(port, peer.health):
        ended = process.poll() is not None
        if ended or time.monotonic() > deadline:
            lines = log.read_text(errors="replace").strip().splitlines()[-LAST_LINES:]
            what = "ended" if ended else f"was not ready within {START_SECONDS:.0f} s"
            raise BenchmarkError(
                f"{peer.name} {what}. The end of {log}:\n"
                + "\n".join(lines)
                + f"\nMend peers/{peer.requirements}.txt or its server, or leave it out by --peers."
            )
        time.sleep(0.1)


def _healthy(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _family(pid: int) -> list[psutil.Process]:
    try:
        first = psutil.Process(pid)
        return [first, *first.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _runs(process: psutil.Process) -> bool:
    """Whether it has not ended; one that nobody has reaped yet has."""
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End a process and its children, those included that made groups of their own."""
    family = _family(process.pid)  # now: children of one that has ended are no longer found
    for number in (signal.SIGTERM, signal.SIGCONT):  # what sleeps would not hear the first alone
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        _signal(family, number)
    deadline = time.monotonic() + STOP_SECONDS
    while (left := [one for one in family if _runs(one)]) and time.monotonic() < deadline:
        time.sleep(0.02)
    for one in left:
        with suppress(psutil.NoSuchProcess):
            one.kill()
    with suppress(ProcessLookupError):  # whoever lost its parent is in the group still
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _free_ports(count: int) -> list[int]:
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(listener.getsockname()[1]) for listener in listeners]
    for listener in listeners:
        listener.close()
    return ports

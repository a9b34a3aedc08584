"""Real child processes under the launcher's supervision: how they end, and that all of them do."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from demo.errors import DemoError, StopRequestedError
from demo.supervisor import Supervisor

# A service with a worker of its own, as servers have; tells both process ids.
FAMILY = """
import os, subprocess, sys, time
worker = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(os.getpid(), worker.pid, flush=True)
time.sleep(600)
"""
STUBBORN = """
import os, signal, time
for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(signum, signal.SIG_IGN)
print(os.getpid(), flush=True)
time.sleep(600)
"""
# A launcher with two services, until a signal.
LAUNCHER = """
import os, sys
from pathlib import Path
from demo.errors import StopRequestedError
from demo.supervisor import Supervisor

folder, supervisor = Path(sys.argv[1]), Supervisor()
with supervisor.signals_caught():
    for index, code in enumerate(sys.argv[2:]):
        command = [sys.executable, "-c", code]
        supervisor.start(f"service {index}", command, os.environ, folder / f"{index}.log")
    print("started", flush=True)
    try:
        while True:
            supervisor.tick()
    except StopRequestedError as stop:
        supervisor.stop(grace=1.0)
        sys.exit(128 + stop.signum)
"""


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def wait_for_pids(*logs: Path) -> list[int]:
    """The process ids that services have written to their logs."""
    deadline = time.monotonic() + 20
    while not all(log.exists() and log.read_text().endswith("\n") for log in logs):
        assert time.monotonic() < deadline, "a service did not say its process id"
        time.sleep(0.02)
    return [int(pid) for log in logs for pid in log.read_text().split()]


def tick_until_error(supervisor: Supervisor) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        supervisor.tick()


@pytest.fixture
def supervisor() -> Iterator[Supervisor]:
    supervisor = Supervisor()
    with supervisor.signals_caught():
        yield supervisor
    supervisor.stop(grace=0.5)


@pytest.fixture
def launcher(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    started = []

    def start(*services: str) -> subprocess.Popen[str]:
        tools = Path(__file__).parents[2] / "tools"
        process = subprocess.Popen(
            [*python(LAUNCHER), str(tmp_path), *services],
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": str(tools)},
        )
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


def test_a_dying_service_is_named_with_the_end_of_its_log(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    code = "import sys; print('\\n'.join(f'line {n}' for n in range(100))); sys.exit(3)"
    supervisor.start("MLflow", python(code), os.environ, tmp_path / "mlflow.log")
    with pytest.raises(DemoError) as caught:
        tick_until_error(supervisor)
    message = str(caught.value)
    assert message.startswith("MLflow ended with exit status 3")
    assert str(tmp_path / "mlflow.log") in message
    assert "line 99" in message
    assert "line 50" not in message


def test_a_service_ended_by_a_signal_says_which(supervisor: Supervisor, tmp_path: Path) -> None:
    code = "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"
    supervisor.start("API", python(code), os.environ, tmp_path / "api.log")
    with pytest.raises(DemoError, match="API was ended by SIGSEGV"):
        tick_until_error(supervisor)


@pytest.mark.parametrize(
    "error", ["OSError(28, 'No space left on device')", "'database or disk is full'"]
)
def test_a_full_disk_met_by_a_service_is_one_line(
    supervisor: Supervisor, tmp_path: Path, error: str
) -> None:
    code = f"raise RuntimeError({error})"
    supervisor.start("API", python(code), os.environ, tmp_path / "api.log")
    with pytest.raises(DemoError, match=r"disk of .* is full") as caught:
        tick_until_error(supervisor)
    assert "\n" not in str(caught.value)


def test_a_command_that_is_missing_says_so(supervisor: Supervisor, tmp_path: Path) -> None:
    missing = str(tmp_path / "nowhere" / "frontend")
    supervisor.start("page", [missing], os.environ, tmp_path / "page.log")
    with pytest.raises(DemoError, match=f"page could not be started.*\n.*{missing}: No such file"):
        tick_until_error(supervisor)


def test_stop_ends_workers_too(
    supervisor: Supervisor, tmp_path: Path, wait_until_gone: Callable[..., None]
) -> None:
    supervisor.start("MLflow", python(FAMILY), os.environ, tmp_path / "0.log")
    pids = wait_for_pids(tmp_path / "0.log")
    assert len(pids) == 2
    supervisor.stop()
    wait_until_gone(pids, seconds=2)


def test_a_service_that_ignores_the_request_is_killed_after_the_grace(
    supervisor: Supervisor, tmp_path: Path, wait_until_gone: Callable[..., None]
) -> None:
    supervisor.start("MLflow", python(STUBBORN), os.environ, tmp_path / "0.log")
    pids = wait_for_pids(tmp_path / "0.log")
    began = time.monotonic()
    supervisor.stop(grace=1.0)
    assert 0.9 < time.monotonic() - began < 5
    wait_until_gone(pids, seconds=2)


def test_a_job_is_interrupted_before_the_services_it_may_need(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    order = tmp_path / "order"
    service = f"""
import signal, sys, time
def end(*_):
    open({str(order)!r}, "a").write("service ended ")
    sys.exit()
signal.signal(signal.SIGTERM, end)
print("ready", flush=True)
time.sleep(600)
"""
    job = f"""
import os, signal, time
try:
    os.kill({os.getpid()}, signal.SIGINT)
    time.sleep(600)
except KeyboardInterrupt:
    time.sleep(0.3)
    open({str(order)!r}, "a").write("job cleaned up, ")
"""
    supervisor.start("MLflow", python(service), os.environ, tmp_path / "mlflow.log")
    deadline = time.monotonic() + 20
    while not (tmp_path / "mlflow.log").read_text():
        assert time.monotonic() < deadline
        supervisor.tick()
    with pytest.raises(StopRequestedError) as caught:
        supervisor.run("trainer", python(job), os.environ)
    assert caught.value.signum == signal.SIGINT
    supervisor.stop()
    assert order.read_text() == "job cleaned up, service ended "


def test_a_failing_job_is_named(supervisor: Supervisor) -> None:
    with pytest.raises(DemoError, match="trainer train bert ended with exit status 2"):
        supervisor.run("trainer train bert", python("import sys; sys.exit(2)"), os.environ)


def test_a_status_that_is_fine_is_returned(supervisor: Supervisor) -> None:
    job = python("import sys; sys.exit(3)")
    assert supervisor.run("trainer promote", job, os.environ, fine=(0, 3)) == 3
    with pytest.raises(DemoError, match="trainer promote ended with exit status 3"):
        supervisor.run("trainer promote", job, os.environ)


def test_a_service_that_dies_during_a_job_ends_the_job(
    supervisor: Supervisor, tmp_path: Path, wait_until_gone: Callable[..., None]
) -> None:
    pid_file = tmp_path / "pid"
    job = (
        f"import os, time; open({str(pid_file)!r}, 'w').write(f'{{os.getpid()}}\\n'); time.sleep(9)"
    )
    service = f"""
import os, time
while not os.path.exists({str(pid_file)!r}):
    time.sleep(0.02)
"""
    supervisor.start("MLflow", python(service), os.environ, tmp_path / "mlflow.log")
    with pytest.raises(DemoError, match="MLflow ended with exit status 0"):
        supervisor.run("trainer", python(job), os.environ)
    supervisor.stop()
    wait_until_gone(wait_for_pids(pid_file), seconds=2)


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_the_launcher_stops_every_process(
    launcher: Callable[..., subprocess.Popen[str]],
    tmp_path: Path,
    wait_until_gone: Callable[..., None],
    signum: signal.Signals,
) -> None:
    process = launcher(FAMILY, STUBBORN)
    pids = wait_for_pids(tmp_path / "0.log", tmp_path / "1.log")
    assert len(pids) == 3
    process.send_signal(signum)
    assert process.wait(timeout=10) == 128 + signum
    wait_until_gone(pids, seconds=2)


def test_kill_9_of_the_launcher_leaves_nothing(
    launcher: Callable[..., subprocess.Popen[str]],
    tmp_path: Path,
    wait_until_gone: Callable[..., None],
) -> None:
    process = launcher(FAMILY, STUBBORN)
    pids = wait_for_pids(tmp_path / "0.log", tmp_path / "1.log")
    process.kill()
    process.wait(timeout=10)
    wait_until_gone(pids, seconds=10)

"""The launcher from start to Ctrl-C with the real services and a linear model, twice."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import psutil
import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(280)]

READY_SECONDS = 150.0


class Launcher:
    """`python -m tools.demo` with its output in a file."""

    def __init__(self, ports: dict[str, int], state: Path, output: Path) -> None:
        self.ports = ports
        self._output = output
        options = [f"--{name}-port={port}" for name, port in ports.items()]
        command = [sys.executable, "-m", "tools.demo", "--recipes=naive-bayes", f"--state={state}"]
        self._began = time.monotonic()
        with output.open("wb") as file:
            self.process = psutil.Popen(
                [*command, *options],
                cwd=Path(__file__).parents[2],
                stdout=file,
                stderr=subprocess.STDOUT,
                env=os.environ | {"PYTHONUNBUFFERED": "1"},
            )

    def output(self) -> str:
        return self._output.read_text()

    def wait_until_ready(self) -> float:
        """Seconds from the start until it says that it is ready."""
        return self.wait_until_said("Ctrl-C stops everything")

    def wait_until_said(self, words: str) -> float:
        """Seconds from the start until some words are in its output."""
        while words not in self.output():
            assert self.process.poll() is None, self.output()
            assert time.monotonic() - self._began < READY_SECONDS, self.output()
            time.sleep(0.1)
        return time.monotonic() - self._began

    def children(self) -> list[psutil.Process]:
        return list(self.process.children(recursive=True))

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(timeout=30)


@pytest.fixture
def launch(tmp_path: Path, free_port: Callable[[], int]) -> Iterator[Callable[[], Launcher]]:
    """Starts the launcher on the same state and ports at every call."""
    ports = {name: free_port() for name in ("api", "page", "mlflow")}
    launchers: list[Launcher] = []

    def start() -> Launcher:
        output = tmp_path / f"output-{len(launchers)}.txt"
        launchers.append(Launcher(ports, tmp_path / "state", output))
        return launchers[-1]

    yield start
    for launcher in launchers:
        launcher.end()


def month_ago() -> str:
    return (datetime.now(UTC) - timedelta(days=30)).isoformat()


def taken(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def libraries_of(processes: list[psutil.Process]) -> set[str]:
    """Names of the files mapped by processes; those that end meanwhile have none."""
    found: set[str] = set()
    for process in processes:
        try:
            found |= {Path(item.path).name for item in process.memory_maps()}
        except psutil.NoSuchProcess:
            continue
    return found


def test_first_start_second_start_and_a_dying_service(
    launch: Callable[[], Launcher], wait_until_gone: Callable[..., None]
) -> None:
    first = launch()
    first.wait_until_ready()
    assert "training naive-bayes" in first.output()
    curl = next(line for line in first.output().splitlines() if line.strip().startswith("curl "))
    answer = subprocess.run(["sh", "-c", curl], capture_output=True, text=True, check=True)
    assert json.loads(answer.stdout)["label"] == "negative"
    for port in first.ports.values():
        assert f"http://127.0.0.1:{port}" in first.output()
    page = httpx.get(f"http://127.0.0.1:{first.ports['page']}")
    assert "streamlit" in page.raise_for_status().text.lower()
    version = json.loads(answer.stdout)["model_version"]
    first.wait_until_said("the sample is replayed")
    api = f"http://127.0.0.1:{first.ports['api']}"
    radar = httpx.get(f"{api}/v1/radar", params={"from": month_ago()}).raise_for_status().json()
    assert sum(point["mentions"] for point in radar["points"]) == 1012
    assert len(radar["episodes"]) == 2
    assert all(episode["samples"] for episode in radar["episodes"])
    assert httpx.get(f"{api}/v1/alerts").raise_for_status().json()["items"]

    pids = [child.pid for child in first.children()]
    assert len(pids) >= 6  # three services, each under its guard
    first.process.send_signal(signal.SIGINT)
    assert first.process.wait(timeout=30) == 0
    wait_until_gone(pids, seconds=2)
    assert not any(taken(port) for port in first.ports.values())

    second = launch()
    assert second.wait_until_ready() < 45
    assert "training" not in second.output()
    assert "replaying" not in second.output()
    answer = subprocess.run(["sh", "-c", curl], capture_output=True, text=True, check=True)
    assert json.loads(answer.stdout)["model_version"] == version
    if sys.platform == "linux":  # elsewhere psutil cannot list mapped files
        libraries = libraries_of(second.children())
        assert any("onnxruntime" in name for name in libraries)  # the look itself works
        assert not [name for name in libraries if re.search("tensorflow|keras", name)]

    pids = [child.pid for child in second.children()]
    listening = {
        connection.laddr.port: child
        for child in second.children()
        for connection in child.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
    }
    listening[second.ports["page"]].kill()
    assert second.process.wait(timeout=30) == 1
    assert "demo: page was ended by SIGKILL; the last lines of" in second.output()
    assert "Traceback" not in second.output()
    wait_until_gone(pids, seconds=2)

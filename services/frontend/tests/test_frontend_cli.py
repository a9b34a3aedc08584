"""The command: what it refuses, and that it serves."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

FRONTEND = Path(sys.executable).with_name("frontend")


def environment(folder: Path, **settings: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
    return kept | {"HOME": str(folder)} | settings  # a new home: no earlier Streamlit settings


def run(folder: Path, *options: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(FRONTEND), *options],
        env=environment(folder, **settings),
        capture_output=True,
        text=True,
        timeout=60,
        cwd=folder,
    )


@pytest.mark.parametrize(
    ("options", "settings", "message"),
    [
        (["--port", "70000"], {}, "port 70000 is not between 1 and 65535"),
        ([], {"PORT": "http"}, "invalid int value: 'http'"),
        ([], {"API_URL": "localhost:8000"}, "API_URL is 'localhost:8000'; it must be like http"),
        ([], {"API_KEY": "two words"}, "API_KEY has characters that no access key has"),
        ([], {"API_URL": "http://[::1"}, "API_URL is 'http://[::1'; it must be like http"),
    ],
)
def test_unusable_settings_are_refused_in_a_line(
    tmp_path: Path, options: list[str], settings: dict[str, str], message: str
) -> None:
    result = run(tmp_path, *options, **settings)
    assert result.returncode == 2
    assert message in result.stderr.splitlines()[-1]


def test_a_taken_port_is_said(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = run(tmp_path, PORT=str(port))
    assert result.returncode != 0
    assert f"Port {port} is not available" in result.stderr + result.stdout


def test_it_serves_where_it_is_told_and_stops(tmp_path: Path, free_port: int) -> None:
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [str(FRONTEND)],
            env=environment(tmp_path, HOST="127.0.0.1", PORT=str(free_port)),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=tmp_path,
        )
    try:
        deadline = time.monotonic() + 60
        while True:
            assert process.poll() is None, (tmp_path / "log").read_text()
            try:
                health = requests.get(f"http://127.0.0.1:{free_port}/_stcore/health", timeout=5)
                break
            except requests.ConnectionError:
                assert time.monotonic() < deadline, (tmp_path / "log").read_text()
                time.sleep(0.1)
        assert health.text == "ok"
    finally:
        process.send_signal(signal.SIGTERM)
        code = process.wait(20)
    assert code in (0, -signal.SIGTERM)
    assert (
        f"http://127.0.0.1:{free_port} (API at http://127.0.0.1:8000)"
        in (tmp_path / "log").read_text()
    )

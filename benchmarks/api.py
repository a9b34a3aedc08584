"""The API as a process of its own, started as a user starts it and in its default configuration."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

START_SECONDS = 120.0
"""After which a process that is not ready is given up."""
LOG_TAIL = 2_000


@dataclass(frozen=True)
class RunningApi:
    """An API that is ready.

    Attributes:
        url: where it listens.
        process: the process.
        start_seconds: from its start to its first 200 from `/readyz`.
    """

    url: str
    process: subprocess.Popen[bytes]
    start_seconds: float

    def resident_bytes(self) -> int:
        """Bytes of memory that the process holds now; Linux only.

        Raises:
            OSError: the process has ended.
        """
        fields = Path(f"/proc/{self.process.pid}/statm").read_text().split()
        return int(fields[1]) * os.sysconf("SC_PAGE_SIZE")


@contextmanager
def running_api(model: str, folder: Path | None = None, **settings: str) -> Iterator[RunningApi]:
    """Run an API, and stop it at the end.

    Args:
        model: `MODEL_SOURCE`: a bundle's folder, or an address in a registry.
        folder: where it keeps its data; one of its own, removed at the end, where not given.
        settings: environment variables besides the model and the folder.

    Raises:
        RuntimeError: it ended, or was not ready in time; the message has the end of its log.
    """
    with TemporaryDirectory(prefix="bench-api-") as own:
        data = folder or Path(own)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        log = data / "api.log"
        environment = os.environ | {"DATA_DIR": str(data), "MODEL_SOURCE": model} | settings
        started = time.monotonic()
        with log.open("wb") as file:
            process = subprocess.Popen(
                [sys.executable, "-m", "inference", "serve", "--port", str(port)],
                env=environment,
                stdout=file,
                stderr=file,
            )
        try:
            url = f"http://127.0.0.1:{port}"
            while not _is_ready(url):
                late = time.monotonic() - started > START_SECONDS
                if late or process.poll() is not None:
                    end = log.read_text(errors="replace")[-LOG_TAIL:]
                    raise RuntimeError(f"the API did not get ready; the end of its log:\n{end}")
                time.sleep(0.02)
            yield RunningApi(url, process, time.monotonic() - started)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _is_ready(url: str) -> bool:
    # Without the environment's proxies, which are not for this machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{url}/readyz", timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False

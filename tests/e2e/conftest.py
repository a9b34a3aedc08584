"""Real servers as processes, on SQLite and on PostgreSQL, driven over HTTP and the command line."""

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy

from demo.supervisor import Supervisor

BIN = Path(sys.executable).parent
HOST = "127.0.0.1"
MODEL = "tweet-sentiment"
READY_SECONDS = 90.0
RECIPES = ("naive-bayes", "logistic-regression")
INHERITED = """DO_NOT_TRACK HOME LANG LD_LIBRARY_PATH MLFLOW_DISABLE_TELEMETRY OMP_NUM_THREADS PATH
TMPDIR USER""".split()
BACKENDS = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


class Server:
    """One service as a process that can be killed and started again on the same port."""

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str], port: int, ready: str
    ) -> None:
        self.url = f"http://{HOST}:{port}"
        self.log = Path(environment["LOG_FOLDER"]) / f"{Path(command[0]).name}-{port}.log"
        self._command = list(command)
        self._environment = environment
        self._ready = ready
        self._supervisor = Supervisor()

    def launch(self) -> None:
        """Start, without waiting."""
        self._supervisor.start(self.log.stem, self._command, self._environment, self.log)

    def start(self) -> "Server":
        """Start, and wait until it can do its work; a death on the way fails with the log's end."""
        self.launch()
        deadline = time.monotonic() + READY_SECONDS
        while not self.ready():
            assert time.monotonic() < deadline, f"not ready: {self.log.read_text()[-3000:]}"
            self._supervisor.tick()
        return self

    def ready(self) -> bool:
        """Whether it can do its work now."""
        return self.answers(self._ready)

    def answers(self, path: str) -> bool:
        """Whether a page is answered with 200 now."""
        try:
            return httpx.get(self.url + path, timeout=5).status_code == httpx.codes.OK
        except httpx.TransportError:
            return False

    def check_alive(self) -> None:
        """Fail, with the end of its log, when it has ended by itself."""
        self._supervisor.tick()

    def kill(self) -> None:
        """kill -9, workers included: nothing gets a chance to clean up."""
        for child in self._supervisor.children:
            os.killpg(child.process.pid, signal.SIGKILL)
        self._supervisor.stop()

    def stop(self) -> None:
        self._supervisor.stop()


@dataclass
class System:
    """MLflow with two trained versions of the model, and what starts more servers beside it."""

    folder: Path
    backend_store: str
    find_port: Callable[[], int]
    mlflow: Server = field(init=False)

    def environment(self, **settings: str) -> dict[str, str]:
        """The environment of a process; nothing of the tester's own settings leaks in."""
        kept = {name: os.environ[name] for name in INHERITED if name in os.environ}
        return kept | {"LOG_FOLDER": str(self.folder), "PYTHONUNBUFFERED": "1"} | settings

    def start_mlflow(self) -> Server:
        """A tracking server on the shared backend; several can run side by side."""
        port = self.find_port()
        environment = self.environment(
            MLFLOW_HOST=HOST,
            MLFLOW_PORT=str(port),
            MLFLOW_BACKEND_STORE_URI=self.backend_store,
            MLFLOW_ARTIFACTS_DESTINATION=str(self.folder / "artifacts"),
        )
        ready = "/api/2.0/mlflow/registered-models/search?max_results=1"
        return Server([str(BIN / "mlflow-server")], environment, port, ready).start()

    def api(self, store: str, cache: Path, tracking_uri: str | None = None) -> Server:
        """An API, not started, with a store and a bundle cache of its own."""
        port = self.find_port()
        environment = self.environment(
            MLFLOW_TRACKING_URI=tracking_uri or self.mlflow.url,
            MODEL_SOURCE=f"models:/{MODEL}@champion",
            MODEL_POLL_SECONDS="0.5",
            DATABASE_URL=store,
            DATA_DIR=str(cache),
        )
        command = [
            str(BIN / "inference"),
            "serve",
            "--host",
            HOST,
            "--port",
            str(port),
            "--migrate",
        ]
        return Server(command, environment, port, "/readyz")

    def trainer(self, *arguments: str) -> str:
        """Run a command of the trainer and return what it printed."""
        result = subprocess.run(
            [str(BIN / "trainer"), *arguments],
            env=self.environment(MLFLOW_TRACKING_URI=self.mlflow.url),
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert result.returncode == 0, f"trainer {' '.join(arguments)}:\n{result.stderr[-3000:]}"
        return result.stdout

    def versions(self) -> dict[str, dict[str, Any]]:
        """The registered versions, by version."""
        answer = httpx.get(
            f"{self.mlflow.url}/api/2.0/mlflow/model-versions/search",
            params={"filter": f"name='{MODEL}'", "max_results": 100},
        ).raise_for_status()
        return {item["version"]: item for item in answer.json()["model_versions"]}

    def champion(self) -> str:
        """The version that has the alias."""
        answer = httpx.get(
            f"{self.mlflow.url}/api/2.0/mlflow/registered-models/alias",
            params={"name": MODEL, "alias": "champion"},
        ).raise_for_status()
        return str(answer.json()["model_version"]["version"])


@pytest.fixture(scope="session", params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="session")
def mlflow_store(
    backend: str, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[str]:
    """Where MLflow keeps its tables: one store for all tests of a backend."""
    if backend == "sqlite":
        yield f"sqlite:///{tmp_path_factory.mktemp('mlflow') / 'mlflow.db'}"
        return
    server = request.getfixturevalue("postgres_server")
    engine = sqlalchemy.create_engine(server, isolation_level="AUTOCOMMIT")
    name = f"mlflow_{uuid.uuid4().hex}"
    with engine.connect() as connection:
        connection.execute(sqlalchemy.text(f'CREATE DATABASE "{name}"'))
    yield server.set(database=name).render_as_string(hide_password=False)
    with engine.connect() as connection:
        connection.execute(sqlalchemy.text(f'DROP DATABASE "{name}" WITH (FORCE)'))
    engine.dispose()


@pytest.fixture(scope="session")
def system(
    mlflow_store: str,
    tmp_path_factory: pytest.TempPathFactory,
    free_port: Callable[[], int],
) -> Iterator[System]:
    """MLflow, two recipes trained on the sample, the better one promoted."""
    system = System(tmp_path_factory.mktemp("system"), mlflow_store, free_port)
    system.mlflow = system.start_mlflow()
    try:
        for recipe in RECIPES:
            system.trainer("train", recipe, "--data", "sample")
        system.trainer("promote", "--best")
        yield system
    finally:
        system.mlflow.stop()


@pytest.fixture
def store(backend: str, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """An empty store for one API."""
    if backend == "sqlite":
        return f"sqlite:///{tmp_path / 'inference.db'}"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def api(system: System, store: str, tmp_path: Path) -> Iterator[Server]:
    """An API that serves the champion."""
    server = system.api(store, tmp_path).start()
    yield server
    server.stop()

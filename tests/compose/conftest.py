"""The whole system in containers, on a real engine: built, started, broken, and looked into."""

import os
import secrets
import shutil
import subprocess
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

ROOT = Path(__file__).parents[2]
SERVICES = ("postgres", "mlflow", "inference", "frontend")
SECRETS = (
    "POSTGRES_PASSWORD",
    "MLFLOW_DB_PASSWORD",
    "FEEDBACK_DB_PASSWORD",
    "TEXT_HMAC_KEY",
    "PAGE_API_KEY",
    "GRAFANA_PASSWORD",
)
START_SECONDS = 900
MEND_SECONDS = 120
MODEL = "tweet-sentiment"


class Stack:
    """One compose project with ports and secrets of its own."""

    def __init__(self, name: str, ports: dict[str, int], **settings: str) -> None:
        self.name = name
        self.api = f"http://127.0.0.1:{ports['API_HOST_PORT']}"
        self.page = f"http://127.0.0.1:{ports['PAGE_HOST_PORT']}"
        self.mlflow = f"http://127.0.0.1:{ports['MLFLOW_HOST_PORT']}"
        self.environment = {
            **os.environ,
            "COMPOSE_PROJECT_NAME": name,
            "COMPOSE_FILE": os.pathsep.join(("docker-compose.yml", "tests/compose/limited.yml")),
            "MODEL_POLL_SECONDS": "1",
            "FIRST_CHAMPION_OPTIONS": "--recipe logistic-regression",
            **{variable: str(port) for variable, port in ports.items()},
            **{variable: secrets.token_hex(32) for variable in SECRETS},
            **settings,
        }
        self.headers = {"Authorization": f"Bearer {self.environment['PAGE_API_KEY']}"}

    def run(self, *command: str, check: bool = True, **settings: str) -> Any:
        """Run a command from the repository's root, in this project; gives what it said."""
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=self.environment | settings,
            capture_output=True,
            text=True,
            timeout=START_SECONDS,
        )
        if check and done.returncode:
            pytest.fail(f"{' '.join(command)}:\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
        return done

    def compose(self, *arguments: str, **options: Any) -> Any:
        return self.run("docker", "compose", *arguments, **options)

    def pipe(self, given: bytes, *arguments: str) -> bytes:
        """Run a compose command on some input; gives its output."""
        command = ["docker", "compose", *arguments]
        done = subprocess.run(
            command, cwd=ROOT, env=self.environment, input=given, capture_output=True, timeout=60
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    def up(self, *options: str) -> None:
        """Start, and wait until all is healthy."""
        done = self.compose("up", "--wait", *options, check=False)
        if done.returncode:
            said = self.compose("logs", "--no-color", "--tail", "60", check=False).stdout
            pytest.fail(f"up --wait:\n{done.stderr[-2000:]}\n{said}")

    def down(self) -> None:
        self.compose("--profile", "*", "down", "--volumes", "--remove-orphans", "--timeout", "10")

    def container(self, service: str) -> str:
        return str(self.compose("ps", "--all", "--quiet", service).stdout.strip())

    def inspect(self, service: str, template: str) -> str:
        return str(
            self.run("docker", "inspect", "--format", template, self.container(service)).stdout
        ).strip()

    def kill(self, service: str) -> None:
        """Kill -9, as a crash would: `docker kill` is a wish, after which nothing restarts."""
        pid = self.inspect(service, "{{.State.Pid}}")
        image = self.inspect("postgres", "{{.Image}}")
        self.run(
            *("docker", "run", "--rm", "--pid", "host", "--user", "root", "--network", "none"),
            *("--entrypoint", "bash", image, "-c", f"kill -9 {int(pid)}"),
        )

    def is_healthy(self, service: str) -> bool:
        state = self.inspect(service, "{{.State.Status}} {{.State.Health.Status}}")
        return state == "running healthy"

    def wait_until_healthy(self, seconds: float = MEND_SECONDS) -> None:
        """Until every service says so itself; nobody helps it."""
        deadline = time.monotonic() + seconds
        while ill := [service for service in SERVICES if not self.is_healthy(service)]:
            if time.monotonic() > deadline:
                logs = self.compose("logs", "--no-color", "--tail", "40", *ill).stdout
                pytest.fail(f"not healthy after {seconds:g} s: {ill}\n{logs}")
            time.sleep(0.5)

    def sql(self, database: str, query: str) -> list[str]:
        """The rows of a query, as text."""
        done = self.compose(
            *("exec", "-T", "--user", "postgres", "postgres"),
            *("psql", "--no-psqlrc", "--tuples-only", "--no-align", database, "--command", query),
        )
        return [line for line in done.stdout.splitlines() if line]

    def trainer(self, *arguments: str, check: bool = True) -> Any:
        return self.compose("run", "--rm", "-T", "trainer", *arguments, check=check)

    def post(self, route: str, body: Any) -> httpx.Response:
        """Ask the API, with the page's key."""
        url = f"{self.api}/v1/{route}"
        return httpx.post(url, json=body, headers=self.headers, timeout=30)

    def predict(self, text: str = "Lost my bag again, never again") -> dict[str, Any]:
        answer = self.post("predict", {"text": text})
        assert answer.status_code == httpx.codes.OK, answer.text
        return dict(answer.json())

    def judge(
        self, prediction_id: str, verdict: str = "confirmed", status: int = httpx.codes.OK
    ) -> dict[str, Any]:
        body = {"prediction_id": prediction_id, "verdict": verdict}
        answer = self.post("feedback", body)
        assert answer.status_code == status, answer.text
        return dict(answer.json())


class Clients:
    """Predicts and judges without a pause, and remembers what was acknowledged."""

    def __init__(self, stack: Stack, threads: int = 2) -> None:
        self._stack = stack
        self.predictions: set[str] = set()
        self.verdicts: set[str] = set()
        self.answers: Counter[tuple[str, int]] = Counter()
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._run) for _ in range(threads)]

    def __enter__(self) -> "Clients":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def refused(self, route: str) -> int:
        """Answers other than 200, connections that failed among them (status 0)."""
        return sum(
            count
            for (asked, status), count in self.answers.items()
            if asked == route and status != httpx.codes.OK
        )

    def wait_for(self, predictions: int, seconds: float = MEND_SECONDS) -> None:
        """Until that many more predictions are acknowledged."""
        goal = len(self.predictions) + predictions
        deadline = time.monotonic() + seconds
        while len(self.predictions) < goal:
            assert time.monotonic() < deadline, f"answers so far: {self.answers}"
            time.sleep(0.05)

    def assert_kept(self, seconds: float = 30) -> None:
        """Everything acknowledged until now is in the database, or is so within some seconds."""
        predictions, verdicts = set(self.predictions), set(self.verdicts)
        deadline = time.monotonic() + seconds
        while True:
            sql = self._stack.sql
            lost = predictions - set(sql("feedback", "SELECT id FROM predictions"))
            unjudged = verdicts - set(sql("feedback", "SELECT prediction_id FROM verdicts"))
            if not lost and not unjudged:
                return
            assert time.monotonic() < deadline, f"lost {lost}, without their verdicts {unjudged}"
            time.sleep(1)

    def _run(self) -> None:
        stack = self._stack
        with httpx.Client(base_url=stack.api, headers=stack.headers, timeout=20) as client:
            while not self._stopping.is_set():
                prediction = self._post(client, "predict", {"text": "Still waiting for my bag"})
                if prediction is None:
                    time.sleep(0.2)
                    continue
                self.predictions.add(prediction["id"])
                verdict = {"prediction_id": prediction["id"], "verdict": "confirmed"}
                if self._post(client, "feedback", verdict):
                    self.verdicts.add(prediction["id"])
                time.sleep(0.02)

    def _post(self, client: httpx.Client, route: str, body: dict[str, str]) -> Any:
        try:
            answer = client.post(f"/v1/{route}", json=body)
        except httpx.TransportError:
            self.answers[route, 0] += 1
            return None
        self.answers[route, answer.status_code] += 1
        return answer.json() if answer.is_success else None  # 202 promises as much as 200


@pytest.fixture(scope="session")
def engine() -> None:
    """Skips where no engine answers."""
    if shutil.which("docker") is None:
        pytest.skip("no docker command")
    for command in (["docker", "info"], ["docker", "compose", "version"]):
        if subprocess.run(command, capture_output=True, timeout=30).returncode:
            pytest.skip(f"no Docker engine with compose answers (`{' '.join(command)}` fails)")


@pytest.fixture(scope="session")
def make_stack(engine: None, free_port: Callable[[], int]) -> Iterator[Callable[..., Stack]]:
    """Gives projects that are not started, and removes them afterwards with their volumes."""
    made: list[Stack] = []

    def make(**settings: str) -> Stack:
        names = ("API_HOST_PORT", "PAGE_HOST_PORT", "MLFLOW_HOST_PORT")
        ports = {name: free_port() for name in names}
        made.append(Stack(f"radar-test-{uuid.uuid4().hex[:8]}", ports, **settings))
        return made[-1]

    yield make
    for stack in made:
        stack.down()


@pytest.fixture(scope="session")
def running(make_stack: Callable[..., Stack]) -> Stack:
    """The system, built unless IMAGE_TAG names images that are there, and started."""
    stack = make_stack()
    stack.up("--no-build" if os.environ.get("IMAGE_TAG") else "--build")
    return stack


@pytest.fixture
def stack(running: Stack) -> Stack:
    """The running system, healthy."""
    running.wait_until_healthy()
    return running


@pytest.fixture
def clients(stack: Stack) -> Iterator[Clients]:
    """Clients at work while the test does its own."""
    with Clients(stack) as clients:
        clients.wait_for(5)
        yield clients

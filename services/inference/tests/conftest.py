"""A small but real bundle, and the API around it: in this process, or as one of its own."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx
import numpy as np
import onnx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from onnx import TensorProto, helper, numpy_helper
from sqlalchemy import Engine, create_engine, make_url, text
from tokenizers import Tokenizer, models, pre_tokenizers

from contract.bundle import Bundle, open_encoder
from contract.goldens import GOLDEN_SET, GOLDEN_TEXTS, golden_outputs
from contract.graph import Graph
from contract.manifest import MODEL, TOKENIZER, Manifest, TrainingData, sha256_of
from contract.text.pipeline import StepSpec
from inference.app import create_app
from inference.model.cache import BundleCache
from inference.model.follower import Follower, FollowerOptions
from inference.model.origin import Spoken, origin_of
from inference.model.registry import RegistryError, Release, UnknownVersionError
from inference.model.serving import ServingModel
from inference.model.source import RegistrySource, parse_source
from inference.settings import Settings

LABELS = ("negative", "neutral", "positive")
WORDS = {"lovely": 2, "thank": 2, "happy": 2, "late": 0, "lost": 0, "never": 0, "gate": 1, "bag": 1}
KEY = "f3b7a9c1d5e2480796ab14cd35ef6872"
READY_SECONDS = 60.0


def write_bundle(
    directory: Path,
    *,
    strength: float = 2.0,
    is_sample: bool = True,
    layers: int = 0,
    labels: tuple[str, ...] = LABELS,
) -> Path:
    """A bundle that adds up one vector per known word.

    `strength` makes versions differ; `layers` make the graph slow: each multiplies by one.
    """
    directory.mkdir(parents=True)
    ids = {"[PAD]": 0, "[UNK]": 1} | {word: 2 + index for index, word in enumerate(WORDS)}
    tokenizer = Tokenizer(models.WordLevel(ids, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(directory / TOKENIZER))
    width = 256 if layers else len(LABELS)
    table = np.zeros((len(ids), width), np.float32)
    for word, label in WORDS.items():
        table[ids[word], label] = strength
    graph = helper.make_graph(
        [
            helper.make_node("Gather", ["table", "token_ids"], ["vectors-0"]),
            *(
                helper.make_node("MatMul", [f"vectors-{at}", "one"], [f"vectors-{at + 1}"])
                for at in range(layers)
            ),
            helper.make_node("ReduceSum", [f"vectors-{layers}", "axis"], ["sums"], keepdims=0),
            helper.make_node("MatMul", ["sums", "labels"], ["logits"]),
        ],
        "words",
        [helper.make_tensor_value_info("token_ids", TensorProto.INT64, ["batch", "length"])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", len(LABELS)])],
        [
            numpy_helper.from_array(table, "table"),
            numpy_helper.from_array(np.array([1], np.int64), "axis"),
            numpy_helper.from_array(np.eye(width, dtype=np.float32), "one"),
            numpy_helper.from_array(np.eye(width, len(LABELS), dtype=np.float32), "labels"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, str(directory / MODEL))
    manifest = Manifest.model_construct(
        format_version=1,
        name="tweet-sentiment",
        recipe="words",
        family="linear",
        created_at=datetime(2026, 1, 2, tzinfo=UTC),
        labels=labels,
        text_steps=(StepSpec(name="nfkc"), StepSpec(name="lowercase")),
        encoder="tokens",
        pad_id=0,
        unknown_id=1,
        max_length=32,
        temperature=1.5,
        abstain_threshold=0.5,
        languages=("en",),
        training_data=TrainingData(
            source="words",
            fingerprint="0" * 64,
            test_fingerprint="1" * 64,
            train_rows=8,
            validation_rows=1,
            test_rows=1,
            is_sample=is_sample,
        ),
        metrics={"accuracy": 0.75},
        files={name: sha256_of(directory / name) for name in (MODEL, TOKENIZER)},
        golden_set=GOLDEN_SET,
        goldens={},
    )
    encoder = open_encoder(manifest, directory)
    bundle = Bundle(
        manifest,
        encoder,
        Graph(directory / MODEL, label_count=len(LABELS), uses_weights=False),
        "fp32",
    )
    outputs = golden_outputs(encoder.encode(GOLDEN_TEXTS), bundle.probabilities_of)
    manifest.model_copy(update={"goldens": {"fp32": outputs}}).write(directory)
    return directory


@pytest.fixture(scope="session")
def make_bundle() -> Callable[..., Path]:
    return write_bundle


@pytest.fixture(scope="session")
def bundle_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle that no test changes."""
    return write_bundle(tmp_path_factory.mktemp("bundles") / "words")


@pytest.fixture(scope="session")
def bundle(bundle_path: Path) -> Bundle:
    return Bundle.open(bundle_path)


def wait_until(condition: Callable[[], object], what: str, seconds: float = READY_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        time.sleep(0.02)


@pytest.fixture(scope="session")
def until() -> Callable[..., None]:
    return wait_until


@pytest.fixture
def make_settings(tmp_path: Path, bundle_path: Path) -> Callable[..., Settings]:
    """Settings over the bundle and a SQLite store of this test; any may be overridden."""

    def make(**overrides: object) -> Settings:
        return Settings(
            **{
                "data_dir": tmp_path / "data",
                "database_url": f"sqlite:///{tmp_path / 'store.db'}",
                "model_source": str(bundle_path),
                "text_hmac_key": KEY,
                **overrides,
            }
        )

    return make


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind."""
    if request.param == "postgres":
        return request.getfixturevalue("postgres_url")
    return f"sqlite:///{tmp_path / 'store.db'}"


@pytest.fixture
def allow(postgres_url: str) -> Iterator[Callable[[bool], None]]:
    """Lets the database answer, or not: whoever is connected is thrown out."""
    url = make_url(postgres_url)
    admin = create_engine(url.set(database="postgres"), isolation_level="AUTOCOMMIT")
    end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"

    def allow(answer: bool) -> None:
        with admin.connect() as connection:
            change = f'ALTER DATABASE "{url.database}" ALLOW_CONNECTIONS {str(answer).lower()}'
            connection.execute(text(change))
            if not answer:
                connection.execute(text(end), {"name": url.database})

    yield allow
    allow(True)
    admin.dispose()


@pytest.fixture
def rows(store_url: str) -> Iterator[Engine]:
    """The store of this test, for looking inside."""
    engine = create_engine(store_url)
    yield engine
    engine.dispose()


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that is back is noticed at once, not within a second."""
    monkeypatch.setattr("inference.store.store.KEEP_SECONDS", 0.1)


@pytest.fixture
def serve_app(make_settings: Callable[..., Settings], hurried: None) -> Callable[..., object]:
    """The API in this process, over a client; ready unless told otherwise."""

    @contextmanager
    def serve(*, ready: bool = True, migrate: bool = True, **overrides: object):
        app: FastAPI = create_app(make_settings(**overrides), migrate=migrate)
        with TestClient(app) as client:
            if ready:
                wait_until(lambda: client.get("/readyz").status_code == 200, "the API is ready")
            yield client

    return serve


@pytest.fixture
def client(serve_app: Callable[..., object]) -> Iterator[TestClient]:
    """The API with its defaults, over a SQLite store."""
    with serve_app() as client:
        yield client


@dataclass
class Shelf:
    """A registry on disk: bundles by version, and where the aliases point."""

    bundles: dict[str, Path]
    champion: str | None = "1"
    challenger: str | None = None
    era: str = "a"
    down: bool = False
    downloads: list[str] = field(default_factory=list)

    def resolve(self, source: RegistrySource) -> Release:
        if self.down:
            raise RegistryError("the shelf is down")
        version = source.version or getattr(self, source.alias)
        if version is None:
            raise UnknownVersionError(f"no {source.alias}")
        return Release(version, f"{self.era}-{version}")

    def download(self, name: str, version: str, folder: Path) -> Path:
        if self.down:
            raise RegistryError("the shelf is down")
        self.downloads.append(version)
        shutil.copytree(self.bundles[version], folder / "bundle")
        return folder / "bundle"


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    """Three versions of a model that answer differently."""
    return Shelf(
        {
            version: write_bundle(tmp_path / "shelf" / version, strength=float(version))
            for version in ("1", "2", "3")
        }
    )


@pytest.fixture
def cache_dir(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def follow(shelf: Shelf, cache_dir: Path) -> Iterator[Callable[..., ServingModel]]:
    """Follows a source; `started` has the followers and `stop` ends them, as a restart would."""
    started: list[Follower] = []

    def start(source: str = "models:/tweet-sentiment@champion", **options: object) -> ServingModel:
        serving = ServingModel()
        origin = origin_of(
            parse_source(source),
            Spoken(source, "fp32"),
            shelf,
            lambda wanted: BundleCache(cache_dir, wanted),
        )
        given = {"poll_seconds": 0.05} | options
        started.append(Follower(serving, origin, FollowerOptions(source, **given)))
        started[-1].start()
        return serving

    def stop() -> None:
        while started:
            started.pop().stop()

    start.started, start.stop = started, stop
    yield start
    stop()


@dataclass
class Server:
    """An API as a process of its own."""

    process: subprocess.Popen[bytes]
    url: str
    log: Path

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def lines(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.log.read_text().splitlines()]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@pytest.fixture
def start_server(
    tmp_path: Path, bundle_path: Path, wait_ready: Callable[[Server], None]
) -> Iterator[Callable[..., Server]]:
    """Starts `inference serve` as a user would, with settings as environment variables."""
    started: list[Server] = []

    def start(
        *arguments: str,
        ready: bool = True,
        program: Sequence[str] = ("-m", "inference"),
        **settings: str,
    ) -> Server:
        port = free_port()
        log = tmp_path / f"api-{len(started)}.log"
        names = {name.upper() for name in Settings.model_fields}
        inherited = {name: value for name, value in os.environ.items() if name not in names}
        environment = inherited | {
            "DATA_DIR": str(tmp_path / "data"),
            "MODEL_SOURCE": str(bundle_path),
            **settings,
        }
        command = [sys.executable, *program, "serve", "--port", str(port), *arguments]
        with log.open("wb") as file:
            process = subprocess.Popen(command, env=environment, stderr=file, stdout=file)
        server = Server(process, f"http://127.0.0.1:{port}", log)
        started.append(server)
        if ready:
            wait_ready(server)
        return server

    yield start
    for server in started:
        if server.process.poll() is None:
            server.kill()


@pytest.fixture(scope="session")
def wait_ready() -> Callable[[Server], None]:
    """Waits for servers that were started with `ready=False`."""

    def wait(server: Server) -> None:
        wait_until(lambda: _answers(server), f"the API is ready; see {server.log}")

    return wait


def _answers(server: Server) -> bool:
    assert server.process.poll() is None, server.log.read_text()
    try:
        return httpx.get(f"{server.url}/readyz", trust_env=False).status_code == 200
    except httpx.TransportError:
        return False

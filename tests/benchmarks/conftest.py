"""A small bundle, and a working directory whose environments are the one that runs the tests."""

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))  # the benchmarks are tools, not installed packages

from benchmarks.serving import environments  # noqa: E402
from benchmarks.serving.catalogue import Peer  # noqa: E402
from benchmarks.serving.model import ServedModel  # noqa: E402
from benchmarks.serving.workdir import PEERS, Workdir, digest  # noqa: E402

PEER_SERVER = Path(__file__).with_name("peer_server.py")
_spec = importlib.util.spec_from_file_location(
    "inference_fixtures_of_benchmarks", ROOT / "services/inference/tests/conftest.py"
)
_fixtures = importlib.util.module_from_spec(_spec)
sys.modules[_spec.name] = _fixtures
_spec.loader.exec_module(_fixtures)


@pytest.fixture(scope="session")
def bundle_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _fixtures.write_bundle(tmp_path_factory.mktemp("benchmarked") / "bundle")


@pytest.fixture
def workdir(tmp_path: Path) -> Workdir:
    """Its environment `onnxruntime` counts as made, and is this one."""
    folder = Workdir(tmp_path).environment("onnxruntime")
    (folder / "bin").mkdir(parents=True)
    python = folder / "bin" / "python"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    made_of = digest(PEERS / "onnxruntime.txt", environments.LOCK)
    (folder / "made-of").write_text(made_of)
    return Workdir(tmp_path)


@pytest.fixture
def served(bundle_path: Path) -> ServedModel:
    return ServedModel(
        keras="", bundle=str(bundle_path), transformers="", tracking_uri="sqlite:///none.db"
    )


@pytest.fixture
def peer() -> Callable[..., Peer]:
    """A peer whose server is `peer_server.py`, started with some arguments."""

    def make(*arguments: str, **fields: object) -> Peer:
        facts: dict[str, object] = {
            "name": "simple",
            "key": "vs_simple",
            "includes": "nothing",
            "requirements": "onnxruntime",
            "command": ("{python}", str(PEER_SERVER), "{port}", *arguments),
            "environment": {},
            "health": "/health",
            "path": "/predict",
            "body": lambda text: {"text": text},
            "label": lambda answer: answer["label"],
            "choices": ({},),
        }
        return Peer(**(facts | fields))

    return make

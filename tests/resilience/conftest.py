"""The API as a process, with a small model that keeps a processor busy, and load on it."""

import asyncio
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))  # the load generator is a tool, not an installed package

_spec = importlib.util.spec_from_file_location(
    "inference_fixtures", ROOT / "services/inference/tests/conftest.py"
)
_fixtures = importlib.util.module_from_spec(_spec)
sys.modules[_spec.name] = _fixtures
_spec.loader.exec_module(_fixtures)

start_server = _fixtures.start_server
wait_ready = _fixtures.wait_ready
until = _fixtures.until

LAYERS = 300
"""Of the model: some milliseconds for a tweet, far more than HTTP takes."""


@pytest.fixture(scope="session")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two versions of a model that answer differently."""
    folder = tmp_path_factory.mktemp("shelf")
    for version in ("1", "2"):
        _fixtures.write_bundle(folder / version, strength=float(version), layers=LAYERS)
    return folder


@pytest.fixture(scope="session")
def bundle_path(shelf: Path) -> Path:
    """What `start_server` serves unless told otherwise."""
    return shelf / "1"


@pytest.fixture(scope="session")
def faulty() -> tuple[str, ...]:
    """The program that can be hurt; see its module."""
    return (str(Path(__file__).with_name("faulty_server.py")),)


@pytest.fixture
def figures() -> Callable[..., dict[str, float]]:
    """Reads a server's figures by name."""
    import httpx
    from prometheus_client.parser import text_string_to_metric_families

    def read(server: object) -> dict[str, float]:
        text = httpx.get(f"{server.url}/metrics", trust_env=False).text
        return {
            "".join((sample.name, *sample.labels.values())): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }

    return read


@pytest.fixture(scope="session")
def run() -> Callable[..., object]:
    """Runs a coroutine, and says where it hangs if it does."""

    def run(work: object, seconds: float = 60.0) -> object:
        return asyncio.run(asyncio.wait_for(work, seconds))

    return run

"""What the checks of workflows, templates and images share."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))  # infra/ is scripts and templates, not an installed package

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the repository."""
    return ROOT


@pytest.fixture(scope="session")
def compose_file(repository: Path) -> Path:
    """The compose file, which comes with `make env`; skips what asks for it where neither is."""
    file = repository / "docker-compose.yml"
    if not file.is_file() or "\nenv:" not in (repository / "Makefile").read_text():
        pytest.skip("no docker-compose.yml with its 'make env' in this tree")
    return file


@pytest.fixture(scope="session")
def run_tool() -> Run:
    """Runs a checker that is installed beside this Python, and gives what it said."""

    def run(name: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        command = shutil.which(name, path=str(Path(sys.executable).parent))
        assert command, f"{name} is not installed: run 'make setup'"
        return subprocess.run(
            [command, *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False
        )

    return run


@pytest.fixture
def change(tmp_path: Path) -> Callable[[Path, str, str], Path]:
    """Copies a file with one piece of its text replaced, which must be there."""

    def copy(file: Path, old: str, new: str) -> Path:
        text = file.read_text()
        assert old in text, f"{file.name} has no {old!r}: this test needs another way to break it"
        target = tmp_path / ".github" / "workflows" / file.name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text.replace(old, new, 1))
        return target

    return copy

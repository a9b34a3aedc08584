"""A virtual environment for each peer, made by uv of `peers/NAME.txt`."""

import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.serving.workdir import PEERS, ROOT, BenchmarkError, Workdir, digest, holds

LOCK = ROOT / "requirements" / "all.txt"
LAST_LINES = 8


def environment_python(workdir: Workdir, name: str) -> Path:
    """The interpreter of an environment, which is made if there is none, or not this one.

    Args:
        workdir: where it is kept.
        name: of its requirements.

    Raises:
        BenchmarkError: there is no uv, or it cannot install a package; the message has its reason.
    """
    folder, requirements = workdir.environment(name), PEERS / f"{name}.txt"
    python, stamp = folder / "bin" / "python", folder / "made-of"
    wanted = digest(requirements, *([LOCK] if LOCK.name in requirements.read_text() else []))
    if holds(stamp, wanted):
        return python
    # The stamp comes last, so an environment that was not finished is made anew.
    _uv("venv", "--clear", "--python", sys.executable, str(folder))
    # With bytecode: where none may be written later, every start would compile all of TensorFlow.
    _uv("pip", "install", "--compile-bytecode", "--python", str(python), "-r", str(requirements))
    stamp.write_text(wanted, encoding="utf-8")
    return python


def _uv(*arguments: str) -> None:
    beside = Path(sys.executable).with_name("uv")
    uv = str(beside) if beside.is_file() else shutil.which("uv")
    if uv is None:
        raise BenchmarkError("there is no uv: run `make setup`, which installs it")
    done = subprocess.run(
        [uv, *arguments, "--quiet"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        end = "\n".join(done.stderr.strip().splitlines()[-LAST_LINES:])
        raise BenchmarkError(f"uv {' '.join(arguments[:2])} failed:\n{end}")

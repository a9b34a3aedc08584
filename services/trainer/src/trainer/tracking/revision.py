"""Which code trained a model."""

import os
import subprocess
from pathlib import Path

import trainer

UNKNOWN = "unknown"
REVISION_VARIABLE = "REVISION"
SECONDS = 10


def git_commit(directory: Path | None = None) -> str:
    """The commit checked out, with `-dirty` after it where tracked files differ from it.

    Args:
        directory: a place within the checkout; None takes where this package lies.

    Returns:
        Outside a checkout, or where there is no git, what the variable `REVISION` says, which an
        image knows; else `unknown`.
    """
    place = directory or Path(trainer.__file__).parent
    command = ["git", "describe", "--always", "--abbrev=40", "--dirty", "--exclude=*"]
    try:
        found = subprocess.run(
            command, cwd=place, capture_output=True, text=True, timeout=SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return os.environ.get(REVISION_VARIABLE) or UNKNOWN
    return found.stdout.strip() or UNKNOWN

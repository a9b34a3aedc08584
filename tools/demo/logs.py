"""What a child's log says about its end."""

from pathlib import Path

TAIL_BYTES = 16_384
TAIL_LINES = 15
# How the operating system, SQLite and the libraries above them say ENOSPC.
FULL_DISK = ("No space left on device", "database or disk is full", "ENOSPC")


def last_lines(log: Path, count: int = TAIL_LINES) -> list[str]:
    """The last lines of a log that are not blank, in order."""
    with log.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - TAIL_BYTES))
        text = file.read().decode("utf-8", errors="replace")
    return [line for line in text.splitlines() if line.strip()][-count:]


def disk_is_full(log: Path) -> bool:
    """Whether the end of a log speaks of a full disk."""
    return any(sign in line for line in last_lines(log) for sign in FULL_DISK)

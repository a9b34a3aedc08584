"""One process at a time."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from trainer.errors import TrainerError

LOCK = "lock"


@contextmanager
def locked(folder: Path, what: str) -> Iterator[None]:
    """Keep other processes out of a folder, which is made if need be.

    The lock is the operating system's: it goes with the process, however that ends.

    Args:
        folder: to work in.
        what: is being done there, for the message.

    Raises:
        TrainerError: another process has the lock.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise TrainerError(
                f"{what} by another process already: wait for it, or stop it"
            ) from None
        yield

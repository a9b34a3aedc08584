"""The command `inference`, in a process that tests can hurt.

SIGUSR1 raises SystemExit in one of the threads that compute, wherever that is. The registry is the
folder MODEL_SHELF, where the file `champion` names a version and the folder of that name is its
bundle, and which gives no answer while there is a file `down`; what follows it, verifies, caches
and swaps is the service's own.
"""

import ctypes
import os
import shutil
import signal
import threading
from pathlib import Path

import inference.app
from inference.cli import main
from inference.model.registry import RegistryError, Release


class Shelf:
    """A registry on disk."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def resolve(self, source: object) -> Release:
        if (self._folder / "down").exists():
            raise RegistryError("the shelf is down")
        try:
            version = (self._folder / "champion").read_text().strip()
        except OSError as error:
            raise RegistryError("no champion") from error
        return Release(version, f"shelf-{version}")

    def download(self, name: str, version: str, folder: Path) -> Path:
        return shutil.copytree(self._folder / version, folder / "bundle")


def kill_a_thread(*_: object) -> None:
    victims = [thread for thread in threading.enumerate() if thread.name.startswith("compute-")]
    ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(victims[0].ident), ctypes.py_object(SystemExit)
    )


if "MODEL_SHELF" in os.environ:
    inference.app.MlflowRegistry = lambda _: Shelf(Path(os.environ["MODEL_SHELF"]))
signal.signal(signal.SIGUSR1, kill_a_thread)
main()

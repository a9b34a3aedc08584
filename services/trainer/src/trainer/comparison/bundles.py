"""The bundles of a comparison that may still be registered, on this machine's disk."""

import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from trainer.locking import locked
from trainer.tracking.model import ARTIFACT

IN_WORK = ".in-work"


class KeptBundles:
    """Bundles by the id of the run that made them.

    MLflow would keep the bundle of every run for ever; here only those of each recipe's best run
    so far are kept, and none once the best of all is registered.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def new(self) -> Path:
        """Where the next bundle is to be written; what was left there is deleted."""
        shutil.rmtree(self._folder / IN_WORK, ignore_errors=True)
        (self._folder / IN_WORK).mkdir()
        return self._folder / IN_WORK / ARTIFACT

    def keep(self, run_id: str) -> None:
        """The bundle written last is whole, and that of this run."""
        (self._folder / IN_WORK).rename(self._folder / run_id)

    def find(self, run_id: str) -> Path | None:
        """The bundle of a run, if it is still here."""
        bundle = self._folder / run_id / ARTIFACT
        return bundle if bundle.is_dir() else None

    def keep_only(self, run_ids: Collection[str]) -> None:
        """Delete the bundles of all other runs."""
        for place in self._folder.iterdir():
            if place.is_dir() and place.name not in run_ids:
                shutil.rmtree(place)


@contextmanager
def kept_bundles(folder: Path) -> Iterator[KeptBundles]:
    """The bundles of one comparison, for one process at a time.

    Raises:
        TrainerError: another process makes this comparison.
    """
    with locked(folder, "this comparison is being made"):
        yield KeptBundles(folder)

"""Turns files that are dropped into a folder into versions of a model."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from contract.manifest import sha256_of
from trainer.errors import DataError, ExportError, TrainerError, UnavailableError
from trainer.feedback.retraining import (
    BASE_TAG,
    Counts,
    Plan,
    put_to_gate,
    read_selection,
    retrain,
)
from trainer.progress import Progress
from trainer.registry.challenge import DECISION_TAG, Challenge
from trainer.registry.versions import Version, champion, checked
from trainer.tracking.store import tracking_session
from trainer.watching import report
from trainer.watching.folder import Folder

if TYPE_CHECKING:
    from mlflow import MlflowClient

DROP_TAG = "drop_sha256"
"""SHA-256 of the file that a version was trained with: after a kill it is found by that."""
LONGEST_WAIT_SECONDS = 300.0


class _ChangedError(Exception):
    """The file was still being written when it was taken."""


class Watcher:
    """Works on dropped files one after the other."""

    def __init__(
        self, folder: Folder, plan: Plan, progress: Progress, say: Callable[[str], None]
    ) -> None:
        self._folder = folder
        self._plan = plan
        self._progress = progress
        self._say = say

    def run(self, poll_seconds: float, *, until_empty: bool = False) -> None:
        """Work on what is there, and on what comes, until interrupted.

        A server that does not answer is asked again later; meanwhile the file stays taken.

        Args:
            poll_seconds: time between two looks. Looking suits every file system: the kernel
                tells of changes on none that another machine or a virtual machine's host writes.
            until_empty: return once nothing is left to work on.

        Raises:
            TrainerError: something is wrong that no file can be blamed for.
            KeyboardInterrupt: it was stopped; what it worked on is taken up by the next one.
        """
        failures = 0
        with self._folder.locked():
            for path in self._folder.working():
                self._say(f"{path.name}: taken up again")
            while True:
                try:
                    worked = self._work_once()
                except UnavailableError as error:
                    failures += 1
                    wait = min(poll_seconds * 2.0**failures, LONGEST_WAIT_SECONDS)
                    self._say(f"{error}; again in {wait:.0f} s")
                    time.sleep(wait)
                    continue
                failures = 0
                if worked:
                    continue
                if until_empty and not self._folder.waiting:
                    return
                time.sleep(poll_seconds)

    def _work_once(self) -> bool:
        """Work on one file; returns whether there was one."""
        taken = self._folder.working()
        if not taken:
            settled = self._folder.settled()
            if not settled:
                return False
            taken = [self._folder.take(settled[0])]
            self._say(f"{taken[0].name}: taken")
        path = taken[0]
        sha256 = sha256_of(path)
        try:
            self._train(path, sha256)
        except _ChangedError:
            self._folder.put_back(path)
            self._say(f"{path.name}: is still being written")
        except (DataError, ExportError) as error:
            self._reject(path, sha256, str(error))
        return True

    def _train(self, path: Path, sha256: str) -> None:
        if before := self._folder.same_content(path, sha256):
            self._reject(path, sha256, f"its content is that of {before.parent.name}/{before.name}")
            return
        counts: list[Counts] = []

        def tell(found: Counts) -> None:
            if sha256_of(path) != sha256:
                raise _ChangedError
            counts.append(found)

        with tracking_session() as client:
            name = self._plan.name
            version = _trained_with(client, name, sha256)
            if version and version.tags.get(DECISION_TAG) == "refused":
                why = version.tags.get("gate_decided_by", "unknown")
                done = Challenge(name, version, None, None, False, why)
            elif version:
                self._say(f"{path.name}: {version} was trained with it before the stop")
                labels = version.tags["labels"].split(",")
                feedback = read_selection(self._plan, labels, self._progress)
                done = put_to_gate(client, self._plan, version.number, feedback)
            else:
                additions = (*map(str, self._folder.promoted()), str(path))
                plan = replace(self._plan, additions=additions)
                retrained = retrain(
                    client, plan, self._progress, tags={DROP_TAG: sha256}, tell=tell
                )
                if retrained.challenge is None:
                    self._reject(path, sha256, "the champion was trained on all of it already")
                    return
                done = retrained.challenge
        self._finish(path, sha256, done, counts[0] if counts else None)

    def _finish(self, path: Path, sha256: str, done: Challenge, counts: Counts | None) -> None:
        text = report.decision(path.name, sha256, done, counts)
        number = done.version.number
        if done.serves:
            self._folder.finish(path, "promoted", text, name=f"{number:06d}-{path.name}")
            self._say(f"{path.name}: version {number} serves now: {done.reason}")
        else:
            self._folder.finish(path, "refused", text)
            self._say(f"{path.name}: version {number} is refused: {done.reason}")

    def _reject(self, path: Path, sha256: str, reason: str) -> None:
        kept = self._folder.finish(path, "rejected", report.rejection(path.name, sha256, reason))
        self._say(f"{path.name}: set aside as rejected/{kept.name}: {reason}")


def base_of(name: str) -> str:
    """The base data of the champion, to which a watched folder adds.

    Raises:
        TrainerError: there is no champion, or it does not say.
    """
    with tracking_session() as client:
        served = champion(client, checked(name))
    if served is None:
        raise TrainerError(
            f"{name} has no champion: make one (`trainer first-champion`), or give --data and "
            "--recipe"
        )
    base = served.tags.get(BASE_TAG) or served.tags.get("data_source")
    if base is None:
        raise TrainerError(f"{served} does not say what it was trained on: give --data")
    return base


def _trained_with(client: "MlflowClient", name: str, sha256: str) -> Version | None:
    found = client.search_model_versions(f"name = '{name}' and tags.{DROP_TAG} = '{sha256}'")
    versions = sorted((Version.of(item) for item in found), key=lambda item: item.number)
    return versions[-1] if versions else None

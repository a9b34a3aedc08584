"""Setting the alias `champion`, and keeping with each version why it served."""

import getpass
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from trainer.errors import TrainerError
from trainer.registry.versions import CHAMPION, Version, champion

if TYPE_CHECKING:
    from mlflow import MlflowClient

PREVIOUS_TAG = "previous_champion"
"""Number of the version that served before this one."""
REASON_TAG = "promoted_because"
TIME_TAG = "promoted_at"
WHO_TAG = "promoted_by"
ROLLED_BACK_TAGS = ("rolled_back_because", "rolled_back_at", "rolled_back_by")


@dataclass(frozen=True)
class Promotion:
    """What `promote` did: `version` serves now, `previous` did before (None: nothing did)."""

    name: str
    version: Version
    previous: int | None
    reason: str

    @property
    def changed(self) -> bool:
        """Whether another version served before."""
        return self.version.number != self.previous


def promote(
    client: "MlflowClient",
    name: str,
    version: Version,
    reason: str,
    *,
    tags: Mapping[str, str] | None = None,
) -> Promotion:
    """Set the alias `champion`, asking nothing; promoting the champion again changes nothing.

    The version keeps as tags what served before it, why it was promoted, when, and by whom.

    Args:
        client: of the tracking store.
        name: the registered model.
        version: which shall serve.
        reason: why.
        tags: more to be kept with the version.
    """
    before = champion(client, name)
    promotion = Promotion(name, version, before.number if before else None, reason)
    if promotion.changed:
        kept = {**(tags or {}), REASON_TAG: reason, TIME_TAG: now(), WHO_TAG: who()}
        if before:
            kept[PREVIOUS_TAG] = str(before.number)
        _serve(client, name, version, kept)
    return promotion


def roll_back(client: "MlflowClient", name: str, reason: str | None = None) -> Promotion:
    """Let the version serve again that served before the champion did.

    Both keep it as tags: the one that returns why it serves, the other why it no longer does. A
    second call goes back one further.

    Raises:
        TrainerError: there is no champion, or nothing served before it, or that is gone.
    """
    current = champion(client, name)
    if current is None:
        raise TrainerError(f"{name} has no champion, so there is nothing to go back from")
    number = current.tags.get(PREVIOUS_TAG)
    if number is None:
        raise TrainerError(f"nothing of {name} served before {current}: there is no way back")
    found = client.search_model_versions(f"name = '{name}'")
    before = next((item for item in found if str(item.version) == number), None)
    if before is None:
        raise TrainerError(
            f"version {number} of {name}, which served before {current}, was deleted: "
            "promote another one"
        )
    version = Version.of(before)
    why = f"rolled back from {current}" + (f": {reason}" if reason else "")
    values = (reason or "no reason given", now(), who())
    for key, value in zip(ROLLED_BACK_TAGS, values, strict=True):
        client.set_model_version_tag(name, str(current.number), key, value)
    _serve(client, name, version, {REASON_TAG: why, TIME_TAG: now(), WHO_TAG: who()})
    return Promotion(name, version, current.number, why)


def tag(client: "MlflowClient", name: str, version: Version, tags: Mapping[str, str]) -> None:
    """Keep these with a version."""
    for key, value in tags.items():
        client.set_model_version_tag(name, str(version.number), key, value)


def now() -> str:
    """The moment, as tags keep it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def who() -> str:
    """Who acts, as far as this machine knows."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container's user need not have a name
        user = f"uid {os.getuid()}"
    return f"{user} on {socket.gethostname()}"


def _serve(client: "MlflowClient", name: str, version: Version, tags: Mapping[str, str]) -> None:
    # The alias last: whoever follows it finds the tags there already.
    tag(client, name, version, tags)
    client.set_registered_model_alias(name, CHAMPION, str(version.number))

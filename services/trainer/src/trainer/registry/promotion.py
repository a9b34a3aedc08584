"""Making one version the champion, with a reason that is kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from trainer.errors import TrainerError
from trainer.registry.versions import CHAMPION, Version, all_versions, champion

if TYPE_CHECKING:
    from mlflow import MlflowClient

PREVIOUS_TAG = "previous_champion"
"""Number of the version that served before this one."""
REASON_TAG = "promoted_because"
TIME_TAG = "promoted_at"


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


def promote(client: "MlflowClient", name: str, version: Version, reason: str) -> Promotion:
    """Set the alias `champion`; promoting the champion again changes nothing.

    The version keeps as tags what served before it, why it was promoted, and when.
    """
    before = champion(client, name)
    promotion = Promotion(name, version, before.number if before else None, reason)
    if promotion.changed:
        tags = {REASON_TAG: reason, TIME_TAG: datetime.now(UTC).isoformat(timespec="seconds")}
        if before:
            tags[PREVIOUS_TAG] = str(before.number)
        # The alias last: whoever follows it finds the tags there already.
        for key, value in tags.items():
            client.set_model_version_tag(name, str(version.number), key, value)
        client.set_registered_model_alias(name, CHAMPION, str(version.number))
    return promotion


def of_run(versions: Sequence[Version], run_id: str) -> Version:
    """The version that a run registered.

    Raises:
        TrainerError: it registered none.
    """
    for version in versions:
        if version.run_id == run_id:
            return version
    newest = versions[-1]
    raise TrainerError(
        f"run {run_id} registered no version of this model; the newest is {newest}, "
        f"of run {newest.run_id}"
    )


def best(versions: Sequence[Version]) -> tuple[Version, str]:
    """The version with the highest validation macro-F1 among those that may be compared.

    They are the versions measured on the same test rows as the newest. The test split itself does
    not choose: its figures would then no longer be those of unseen tweets. Of equals, the older
    one stays.

    Args:
        versions: oldest first, at least one.

    Returns:
        The version, and why it won.

    Raises:
        TrainerError: their validation rows differ, so that their figures do not compare.
    """
    newest = versions[-1]
    equal = [item for item in versions if item.test_fingerprint == newest.test_fingerprint]
    mixed = [item for item in equal if item.data_fingerprint != newest.data_fingerprint]
    if mixed:
        raise TrainerError(
            f"{mixed[-1]} and {newest} share their test rows but not their other data, so their "
            "validation figures do not compare: train again on one source, or choose with --run"
        )
    ranked = sorted(equal, key=lambda item: (-item.validation_macro_f1, item.number))
    winner = ranked[0]
    reason = f"validation macro-F1 {winner.validation_macro_f1:.4f}"
    if len(ranked) > 1:
        second = ranked[1]
        reason += f", best of {len(ranked)}; next {second} with {second.validation_macro_f1:.4f}"
    if others := len(versions) - len(equal):
        reason += f"; {others} measured on other rows left out"
    return winner, reason


def promote_run(client: "MlflowClient", name: str, run_id: str) -> Promotion:
    """Promote the version that a run registered.

    Raises:
        TrainerError: it registered none.
    """
    return promote(client, name, of_run(all_versions(client, name), run_id), "chosen by run")


def promote_best(client: "MlflowClient", name: str) -> Promotion:
    """Promote the best version, see `best`.

    Raises:
        TrainerError: there is none, or they do not compare.
    """
    return promote(client, name, *best(all_versions(client, name)))

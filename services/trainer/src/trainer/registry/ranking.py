"""Which of the versions of a model is meant."""

from collections.abc import Sequence

from trainer.errors import TrainerError
from trainer.registry.versions import Version


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


def ranked(versions: Sequence[Version]) -> tuple[list[Version], str]:
    """The versions that may be compared, highest validation macro-F1 first.

    They are the versions measured on the same test rows as the newest. The test split itself does
    not choose: its figures would then no longer be those of unseen tweets. Of equals, the older
    one comes first.

    Args:
        versions: oldest first, at least one.

    Returns:
        The versions, and why the first of them is.

    Raises:
        TrainerError: their validation rows differ, so that their figures do not compare.
    """
    newest = versions[-1]
    equal = [item for item in versions if item.test_fingerprint == newest.test_fingerprint]
    mixed = [item for item in equal if not item.compares_with(newest)]
    if mixed:
        raise TrainerError(
            f"{mixed[-1]} and {newest} share their test rows but not their other data, so their "
            "validation figures do not compare: train again on one source, or choose with --run"
        )
    order = sorted(equal, key=lambda item: (-item.validation_macro_f1, item.number))
    reason = f"validation macro-F1 {order[0].validation_macro_f1:.4f}"
    if len(order) > 1:
        second = order[1]
        reason += f", best of {len(order)}; next {second} with {second.validation_macro_f1:.4f}"
    if others := len(versions) - len(equal):
        reason += f"; {others} measured on other rows left out"
    return order, reason

"""Putting a version before the gate, and doing what it decides."""

import json
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from trainer.registry.contender import contender
from trainer.registry.gate import Decision, Terms, judge
from trainer.registry.promotion import now, promote, tag, who
from trainer.registry.ranking import of_run, ranked
from trainer.registry.versions import Version, all_versions, champion

if TYPE_CHECKING:
    from mlflow import MlflowClient

DECISION_TAG = "gate_decision"
"""`promoted`, `refused` or `forced`."""


@dataclass(frozen=True)
class Challenge:
    """How it ended.

    Attributes:
        name: the registered model.
        version: which wanted to serve.
        before: number of the version that served; None where none did.
        decision: what the gate found; None where the version served already.
        serves: whether it serves now.
        reason: why.
    """

    name: str
    version: Version
    before: int | None
    decision: Decision | None
    serves: bool
    reason: str

    @property
    def outcome(self) -> str:
        """`champion already`, `promoted`, `forced` or `refused`."""
        if self.decision is None:
            return "champion already"
        if not self.serves:
            return "refused"
        return "promoted" if self.decision.passed else "forced"

    def as_dict(self) -> dict[str, Any]:
        """All of it, for JSON."""
        decision = self.decision
        return {
            "name": self.name,
            "version": self.version.number,
            "run_id": self.version.run_id,
            "recipe": self.version.recipe,
            "tags": self.version.tags,
            "previous": self.before,
            "outcome": self.outcome,
            "reason": self.reason,
            "decided_by": decision.decided_by if decision else None,
            "failed": [check.name for check in decision.failed] if decision else [],
            "checks": [check.as_dict() for check in decision.checks] if decision else [],
        }


def challenge(
    client: "MlflowClient",
    name: str,
    version: Version,
    why: str,
    terms: Terms,
    *,
    force: str | None = None,
) -> Challenge:
    """Ask the gate whether a version may serve, and let it serve if so.

    The decision and its checks stay with the version as tags, also where it is refused.

    Args:
        client: of the tracking store.
        name: the registered model.
        version: the challenger.
        why: why it was chosen.
        terms: what the gate needs besides the two models.
        force: the reason to let it serve whatever the gate says; None: as the gate says.

    Raises:
        TrainerError: a version cannot be fetched.
    """
    before = champion(client, name)
    number = before.number if before else None
    if number == version.number:
        return Challenge(name, version, number, None, True, why)
    with ExitStack() as stack:
        challenger = stack.enter_context(contender(client, name, version))
        served = stack.enter_context(contender(client, name, before)) if before else None
        decision = judge(name, challenger, served, terms)
    serves = decision.passed or force is not None
    outcome = "promoted" if decision.passed else "forced" if serves else "refused"
    tags = {
        DECISION_TAG: outcome,
        "gate_decided_by": decision.decided_by,
        "gate_failed": ", ".join(check.name for check in decision.failed),
        "gate_checks": json.dumps([check.as_dict() for check in decision.checks]),
        "gate_against": str(number or "nothing"),
        "gate_at": now(),
        "gate_by": who(),
    }
    if not serves:
        tag(client, name, version, tags)
        return Challenge(name, version, number, decision, False, decision.decided_by)
    reason = f"{why}; {decision.decided_by}" if decision.passed else f"forced: {force}"
    promote(client, name, version, reason, tags=tags)
    return Challenge(name, version, number, decision, True, reason)


def challenge_with_run(
    client: "MlflowClient", name: str, run_id: str, terms: Terms, *, force: str | None = None
) -> Challenge:
    """Put the version that a run registered before the gate.

    Raises:
        TrainerError: it registered none.
    """
    version = of_run(all_versions(client, name), run_id)
    return challenge(client, name, version, "chosen by run", terms, force=force)


def challenge_with_best(
    client: "MlflowClient", name: str, terms: Terms, *, force: str | None = None
) -> Challenge:
    """Put the version with the best validation figures before the gate, see `ranked`.

    Where nothing serves yet, the next best one follows if the best does not pass the floor; the
    test split chooses nothing by that. A champion is challenged by the best alone: with several
    tries one would pass by chance.

    Returns:
        How the one that serves ended, else how the best did.

    Raises:
        TrainerError: there is no version, or they do not compare.
    """
    order, reason = ranked(all_versions(client, name))
    best = challenge(client, name, order[0], reason, terms, force=force)
    if best.serves or best.before is not None:
        return best
    for version in order[1:]:
        why = f"{reason}; {order[0]} did not pass"
        if (next_best := challenge(client, name, version, why, terms)).serves:
            return next_best
    return best

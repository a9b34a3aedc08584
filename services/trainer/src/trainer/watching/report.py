"""What stands beside a file that was worked on."""

from dataclasses import asdict

from trainer.feedback.retraining import Counts
from trainer.registry.challenge import Challenge
from trainer.registry.promotion import now


def rejection(name: str, sha256: str, reason: str) -> str:
    """Why a file cannot be trained on, and what to do."""
    return _text(
        f"{name} was set aside and not trained on.",
        f"reason: {reason}",
        f"when: {now()}",
        f"SHA-256: {sha256}",
        "",
        "Mend it and drop it again, under any name.",
    )


def decision(name: str, sha256: str, challenge: Challenge, counts: Counts | None) -> str:
    """What the gate found of the version that was trained with a file."""
    serves = "serves now" if challenge.serves else "was refused, and does not serve"
    lines = [
        f"{challenge.version} of {challenge.name}, trained with {name}, {serves}.",
        f"because: {challenge.reason}",
        f"run: {challenge.version.run_id}",
        f"when: {now()}",
        f"SHA-256: {sha256}",
    ]
    if challenge.decision is not None:
        lines += ["", "checks:"]
        lines += [
            f"  {'pass' if check.passed else 'FAIL'}  {check.name}: {check.measured} "
            f"(required: {check.required}{', or another like it' if check.alternative else ''})"
            for check in challenge.decision.checks
        ]
    if counts is not None:
        for part, values in (("feedback", counts.feedback), ("rows", counts.merged)):
            if values is not None:
                lines += ["", f"{part}:"]
                lines += [f"  {field}: {value}" for field, value in asdict(values).items()]
    return _text(*lines)


def _text(*lines: str) -> str:
    return "\n".join(lines) + "\n"

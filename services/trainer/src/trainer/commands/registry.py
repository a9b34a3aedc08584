"""`trainer promote`, `trainer rollback` and `trainer champion`."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from trainer import defaults
from trainer.commands.decision import show
from trainer.commands.options import AsJson, Name
from trainer.errors import TrainerError
from trainer.registry.versions import DEFAULT_MODEL

if TYPE_CHECKING:
    from mlflow import MlflowClient

    from trainer.registry.gate import Terms
    from trainer.registry.versions import Version

InferenceUrl = Annotated[
    str | None,
    typer.Option(
        help="Where the API answers, which keeps the feedback; asked with the key in "
        "RADAR_API_KEY. [default: INFERENCE_URL; without it no feedback is read]",
    ),
]
LatencyMs = Annotated[
    float, typer.Option(min=0.1, help="The most milliseconds for one text on this machine.")
]
Force = Annotated[
    bool, typer.Option("--force", help="Let it serve whatever the gate says; needs --reason.")
]
Reason = Annotated[str | None, typer.Option(help="Why, kept with the version.")]


def promote(
    run: Annotated[str | None, typer.Option(help="Promote the version of this run.")] = None,
    best: Annotated[
        bool,
        typer.Option(
            "--best",
            help="Promote the version with the highest validation macro-F1, "
            "among those measured on the same test rows as the newest.",
        ),
    ] = False,
    force: Force = False,
    reason: Reason = None,
    inference_url: InferenceUrl = None,
    latency_ms: LatencyMs = defaults.LATENCY_MS,
    name: Name = DEFAULT_MODEL,
    as_json: AsJson = False,
) -> None:
    """Let one version serve, if it passes the gate: at least as good as the champion.

    Exit status 3 says that the gate refused it, 1 that something failed.
    """
    if (run is None) != best:
        raise typer.BadParameter("give either --run ID or --best")
    forced = forced_reason(force, reason)
    from trainer.registry.challenge import challenge_with_best, challenge_with_run
    from trainer.tracking.store import tracking_session

    with tracking_session() as client:
        terms = _terms(client, name, inference_url, latency_ms)
        if run is None:
            done = challenge_with_best(client, name, terms, force=forced)
        else:
            done = challenge_with_run(client, name, run, terms, force=forced)
    show(done, as_json=as_json)


def rollback(reason: Reason = None, name: Name = DEFAULT_MODEL, as_json: AsJson = False) -> None:
    """Let the version serve again that served before the champion did."""
    from trainer.registry.promotion import roll_back
    from trainer.tracking.store import tracking_session

    with tracking_session() as client:
        done = roll_back(client, name, reason)
    if as_json:
        described = _described(name, done.version)
        typer.echo(json.dumps(described | {"previous": done.previous, "reason": done.reason}))
        return
    typer.echo(f"{done.version} of {name} is the champion again: {done.reason}")


def champion(name: Name = DEFAULT_MODEL, as_json: AsJson = False) -> None:
    """Say which version serves; exit 1 if none does."""
    from trainer.registry import versions
    from trainer.tracking.store import tracking_session

    with tracking_session() as client:
        version = versions.champion(client, name)
    if version is None:
        raise TrainerError(f"{name} has no champion: `trainer promote --best` makes one")
    if as_json:
        typer.echo(json.dumps(_described(name, version)))
        return
    accuracy = version.tags.get("test_accuracy", "unknown")
    typer.echo(f"{version} of {name}, run {version.run_id}, test accuracy {accuracy}")


def forced_reason(force: bool, reason: str | None) -> str | None:
    """The reason to force, None where nothing is forced.

    Raises:
        typer.BadParameter: one was given without the other.
    """
    if force != bool(reason and reason.strip()):
        raise typer.BadParameter("--force and --reason TEXT go together")
    return reason


def _terms(
    client: "MlflowClient", name: str, inference_url: str | None, latency_ms: float
) -> "Terms":
    from trainer.feedback.client import inference_url as address
    from trainer.feedback.client import read_feedback
    from trainer.feedback.retraining import held_out_texts
    from trainer.feedback.selection import select
    from trainer.progress import shown
    from trainer.registry.gate import Terms
    from trainer.registry.versions import champion

    url, served = address(inference_url), champion(client, name)
    if url is None or served is None:  # a first champion is not measured on feedback
        return Terms(latency_ms=latency_ms)
    with shown() as progress:
        judged = read_feedback(url, progress)
    labels = served.tags.get("labels", "").split(",")
    return Terms(held_out_texts(select(judged, name=name, labels=labels)), latency_ms)


def _described(name: str, version: "Version") -> dict[str, object]:
    return {
        "name": name,
        "version": version.number,
        "run_id": version.run_id,
        "recipe": version.recipe,
        "tags": version.tags,
    }

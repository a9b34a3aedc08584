"""`trainer promote` and `trainer champion`."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from trainer.errors import TrainerError
from trainer.registry.versions import DEFAULT_MODEL

if TYPE_CHECKING:
    from trainer.registry.versions import Version

Name = Annotated[str, typer.Option(help="The registered model.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one line of JSON.")]


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
    name: Name = DEFAULT_MODEL,
    as_json: AsJson = False,
) -> None:
    """Make one version the champion, which is the one that serves."""
    if (run is None) != best:
        raise typer.BadParameter("give either --run ID or --best")
    from trainer.registry.promotion import promote_best, promote_run
    from trainer.tracking.store import tracking_session

    with tracking_session() as client:
        done = promote_best(client, name) if run is None else promote_run(client, name, run)
    if as_json:
        described = _described(name, done.version)
        typer.echo(json.dumps(described | {"previous": done.previous, "reason": done.reason}))
        return
    if not done.changed:
        typer.echo(f"{done.version} of {name} is the champion already: {done.reason}")
        return
    before = "nothing" if done.previous is None else f"version {done.previous}"
    typer.echo(f"{done.version} of {name} is the champion now, before it {before}: {done.reason}")


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


def _described(name: str, version: "Version") -> dict[str, object]:
    return {
        "name": name,
        "version": version.number,
        "run_id": version.run_id,
        "recipe": version.recipe,
        "tags": version.tags,
    }

"""`trainer watch`."""

from pathlib import Path
from typing import Annotated

import typer

from trainer import defaults
from trainer.commands.options import Name, Precision
from trainer.commands.registry import InferenceUrl, LatencyMs
from trainer.commands.retrain import Limit, PerReviewer, Recipe, Seed, Weight
from trainer.commands.train import known_recipes
from trainer.registry.versions import DEFAULT_MODEL


def watch(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Where data sets are dropped.", file_okay=False)
    ],
    data: Annotated[
        str | None,
        typer.Option(help="The base data, which measure. [default: the champion's]"),
    ] = None,
    recipe: Recipe = None,
    inference_url: InferenceUrl = None,
    poll_seconds: Annotated[
        float, typer.Option(min=0.05, help="Seconds between two looks at the folder.")
    ] = 5.0,
    settle_seconds: Annotated[
        float, typer.Option(min=0.0, help="Seconds that a file must have stayed the same.")
    ] = 10.0,
    once: Annotated[
        bool, typer.Option("--once", help="End when nothing is left to work on.")
    ] = False,
    weight: Weight = defaults.CORRECTION_WEIGHT,
    per_reviewer: PerReviewer = defaults.PER_REVIEWER,
    limit: Limit = None,
    seed: Seed = 0,
    precision: Precision = defaults.PRECISION,
    latency_ms: LatencyMs = defaults.LATENCY_MS,
    name: Name = DEFAULT_MODEL,
) -> None:
    """Retrain with every data set that is dropped into a folder; promote what passes the gate.

    A dropped file adds training rows to the base data, as do those that passed before. It ends in
    promoted/, refused/ (by the gate) or rejected/ (not usable), with NAME.report.txt beside it.
    Stop it with Ctrl-C or SIGTERM: what it was working on is taken up at the next start.
    """
    if recipe:
        known_recipes([recipe])
    from trainer.feedback.client import inference_url as address
    from trainer.feedback.retraining import Plan
    from trainer.progress import shown
    from trainer.registry.versions import checked
    from trainer.watching.folder import Folder
    from trainer.watching.watcher import Watcher, base_of

    watched = Folder(folder, settle_seconds)
    plan = Plan(
        name=checked(name),
        data=data or base_of(name),
        inference_url=address(inference_url),
        recipe=recipe,
        limit=limit,
        seed=seed,
        weight=weight,
        per_reviewer=per_reviewer,
        precision=precision,
        latency_ms=latency_ms,
    )
    feedback = plan.inference_url or "none is read, INFERENCE_URL is not set"
    _say(f"watching {folder}; base data: {plan.data}; feedback: {feedback}")
    try:
        with shown() as progress:
            Watcher(watched, plan, progress, _say).run(poll_seconds, until_empty=once)
    except KeyboardInterrupt:
        left = ", ".join(path.name for path in watched.working())
        _say(f"stopped; {left} will be taken up at the next start" if left else "stopped")


def _say(line: str) -> None:
    from trainer.registry.promotion import now

    typer.echo(f"{now()} {line}")

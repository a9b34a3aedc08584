"""`trainer tune`."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from trainer.commands.options import Data, Experiment, LabelColumn, Limit, Name, Seed, TextColumn
from trainer.commands.output import console, table
from trainer.commands.train import known_recipes
from trainer.registry.versions import DEFAULT_MODEL

if TYPE_CHECKING:
    from trainer.tuning.tuning import Tuned


def known_recipe(spec: str) -> str:
    """Check the name of one recipe, see `known_recipes`."""
    return known_recipes([spec])[0]


def tune(
    recipe: Annotated[
        str,
        typer.Argument(
            metavar="RECIPE[:setting=value]...",
            help="What to tune; settings written here stay as they are.",
            callback=known_recipe,
        ),
    ],
    data: Data,
    trials: Annotated[
        int, typer.Option(min=1, help="How many settings to try, those of earlier calls included.")
    ] = 20,
    limit: Limit = None,
    name: Name = DEFAULT_MODEL,
    experiment: Experiment = None,
    seed: Seed = 0,
    text_column: TextColumn = None,
    label_column: LabelColumn = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one line of JSON instead of a table.")
    ] = False,
) -> None:
    """Search the settings of a recipe with Optuna, then train and register it with the best.

    Stopped in whatever way, the same command goes on where it was; a larger --trials adds to what
    was tried. Unpromising trials are pruned. Every trial is a run in MLflow under the tuning's own.
    """
    from trainer.data.loading import load_dataset
    from trainer.progress import shown
    from trainer.recipes.spec import RecipeSpec
    from trainer.registry.versions import checked
    from trainer.tracking.store import tracking_session
    from trainer.tuning.space import space_of
    from trainer.tuning.study import TuningPlan

    checked(name)
    spec = RecipeSpec.parse(recipe)
    space = space_of(spec)
    with shown() as progress:
        dataset, cleaning = load_dataset(
            data,
            limit=limit,
            seed=seed,
            text_column=text_column,
            label_column=label_column,
            progress=progress,
        )
        typer.echo(cleaning.summary(), err=True)
        plan = TuningPlan(name, spec, space, limit, seed, dataset.fingerprint)
        with tracking_session() as client:
            from trainer.tuning.tuning import Tuning

            tuning = Tuning(client, experiment or name, plan, dataset, cleaning, progress)
            try:
                tuned = tuning.make(trials)
            except KeyboardInterrupt:
                typer.echo("stopped; the same command goes on with the trials left", err=True)
                raise
    if as_json:
        typer.echo(json.dumps(asdict(tuned)))
    else:
        _show(tuned, name)


def _show(tuned: "Tuned", name: str) -> None:
    if tuned.importances:
        shares = table("setting", "importance", title="What the loss depends on")
        for setting, share in tuned.importances.items():
            shares.add_row(setting, f"{share:.2f}")
        console().print(shares)
    ended = ", ".join(f"{count} {state}" for state, count in tuned.trials.items())
    before = f" (defaults: {tuned.default_loss:.4f})" if tuned.default_loss is not None else ""
    typer.echo(f"trials: {ended}; best calibrated log loss {tuned.loss:.4f}{before}")
    typer.echo(f"best: {tuned.recipe}")
    typer.echo(
        f"trained and registered as {name} version {tuned.version}, run {tuned.run_id}; "
        f"plots: run {tuned.parent}"
    )

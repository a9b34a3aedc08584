"""`trainer recipes` and `trainer train`."""

import json
from dataclasses import asdict
from typing import Annotated, Any, Literal, get_args, get_origin

import typer

from trainer import defaults
from trainer.commands.options import (
    Data,
    Experiment,
    LabelColumn,
    Limit,
    Name,
    Precision,
    Seed,
    TextColumn,
)
from trainer.commands.output import FIGURES, console, doubt, figure, table
from trainer.recipes import RECIPES
from trainer.registry.versions import DEFAULT_MODEL


def known_recipes(specs: list[str]) -> list[str]:
    """Check the names of recipes; their settings wait until their modules are needed.

    Raises:
        typer.BadParameter: there is no recipe of a name; the message lists those there are.
    """
    for spec in specs:
        name = spec.partition(":")[0]
        if name not in RECIPES:
            raise typer.BadParameter(f"there is no {name!r}; choose from {', '.join(RECIPES)}")
    return specs


def recipes(
    recipe: Annotated[
        str | None, typer.Argument(help="List the settings of this one instead.")
    ] = None,
) -> None:
    """List the recipes, cheapest to train first; or the settings of one.

    Settings are written behind the name: `trainer train bert:epochs=1 --data sample`.
    """
    from trainer.recipes import get_recipe

    if recipe is None:
        listing = table("recipe", "what it is")
        for name in RECIPES:
            listing.add_row(name, get_recipe(name).summary)
    else:
        fields = get_recipe(recipe).settings.model_fields
        listing = table("setting", "default", "what it is")
        for name, field in fields.items():
            default = "" if field.default is None else str(field.default)
            listing.add_row(name, default, f"{field.description or ''}{_choices(field.annotation)}")
    console().print(listing)


def _choices(annotation: Any) -> str:
    choices = get_args(annotation) if get_origin(annotation) is Literal else ()
    return f" ({', '.join(map(str, choices))})" if choices else ""


def train(
    recipes: Annotated[
        list[str],
        typer.Argument(
            metavar="RECIPE[:setting=value]...",
            help="One or more; see `trainer recipes`.",
            callback=known_recipes,
        ),
    ],
    data: Data,
    limit: Limit = None,
    name: Name = DEFAULT_MODEL,
    experiment: Experiment = None,
    seed: Seed = 0,
    precision: Precision = defaults.PRECISION,
    text_column: TextColumn = None,
    label_column: LabelColumn = None,
    strategy: Annotated[
        Literal["one", "mirrored"],
        typer.Option(help="Train networks on one device, or on every GPU found at once."),
    ] = "one",
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one line of JSON instead of tables.")
    ] = False,
) -> None:
    """Train recipes on labelled texts, and register each as a version of a model.

    Runs and models go to MLFLOW_TRACKING_URI; without it, to the file .radar/mlflow.db of the
    working directory, which needs no server.
    """
    from trainer.data.loading import load_dataset
    from trainer.neural.strategy import strategy_scope
    from trainer.progress import shown
    from trainer.recipes.spec import RecipeSpec
    from trainer.registry.versions import checked
    from trainer.tracking.store import tracking_session

    checked(name)
    specs = [RecipeSpec.parse(recipe) for recipe in recipes]
    with strategy_scope(strategy), shown() as progress:
        dataset, cleaning = load_dataset(
            data,
            limit=limit,
            seed=seed,
            text_column=text_column,
            label_column=label_column,
            progress=progress,
        )
        typer.echo(cleaning.summary(), err=True)
        with tracking_session() as client:
            from trainer.training import train_version

            trained = [
                train_version(
                    client,
                    spec,
                    dataset,
                    cleaning,
                    progress,
                    seed=seed,
                    name=name,
                    experiment=experiment or name,
                    precision=precision,
                )
                for spec in specs
            ]
    if as_json:
        typer.echo(json.dumps([asdict(version) for version in trained]))
        return
    for version in trained:
        listing = table(
            f"{version.recipe}", "validation", "test", title=f"{name} version {version.version}"
        )
        for label, attribute in FIGURES:
            listing.add_row(
                label, figure(version.validation, attribute), figure(version.test, attribute)
            )
        console().print(listing)
        typer.echo(
            doubt(
                version.abstain_threshold,
                version.answered_share,
                version.answered_precision,
                precision,
            )
        )
        typer.echo(
            f"trained in {version.fit_seconds:.1f} s, predicts {version.tweets_per_second:,.0f} "
            f"tweets/s; run {version.run_id}, {name} version {version.version}"
        )

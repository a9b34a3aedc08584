"""`trainer recipes` and `trainer train`."""

import json
from dataclasses import asdict
from typing import Annotated

import typer

from trainer.commands.output import FIGURES, console, figure, table
from trainer.recipes import RECIPES
from trainer.registry.versions import DEFAULT_MODEL


def known_recipes(names: list[str]) -> list[str]:
    """Check the names of recipes.

    Raises:
        typer.BadParameter: there is no recipe of a name; the message lists those there are.
    """
    for name in names:
        if name not in RECIPES:
            raise typer.BadParameter(f"there is no {name!r}; choose from {', '.join(RECIPES)}")
    return names


def recipes() -> None:
    """List the recipes, cheapest to train first."""
    from trainer.recipes import get_recipe

    listing = table("recipe", "what it is")
    for name in RECIPES:
        listing.add_row(name, get_recipe(name).summary)
    console().print(listing)


def train(
    recipes: Annotated[
        list[str],
        typer.Argument(
            metavar="RECIPE...", help="One or more; see `trainer recipes`.", callback=known_recipes
        ),
    ],
    data: Annotated[str, typer.Option(help="`sample`, or a file; see `trainer data --help`.")],
    limit: Annotated[
        int | None,
        typer.Option(min=1, help="The most training rows; validation and test stay whole."),
    ] = None,
    name: Annotated[str, typer.Option(help="The registered model.")] = DEFAULT_MODEL,
    experiment: Annotated[
        str | None, typer.Option(help="MLflow experiment. [default: the model's name]")
    ] = None,
    seed: Annotated[int, typer.Option(help="Fixes every random choice.")] = 0,
    epochs: Annotated[
        int | None, typer.Option(min=1, help="The most passes over the data, for neural recipes.")
    ] = None,
    weights: Annotated[
        str | None,
        typer.Option(help="Hugging Face directory or name, for BERT recipes."),
    ] = None,
    text_column: Annotated[
        str | None, typer.Option(help="Column of the texts. [default: text]")
    ] = None,
    label_column: Annotated[
        str | None, typer.Option(help="Column of the labels. [default: label]")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one line of JSON instead of tables.")
    ] = False,
) -> None:
    """Train recipes on labelled texts, and register each as a version of a model.

    Runs and models go to MLFLOW_TRACKING_URI; without it, to the file .radar/mlflow.db of the
    working directory, which needs no server.
    """
    from trainer.data.loading import load_dataset
    from trainer.progress import shown
    from trainer.registry.versions import checked
    from trainer.tracking.store import tracking_session

    checked(name)
    with shown() as progress:
        dataset, cleaning = load_dataset(
            data,
            limit=limit,
            text_column=text_column,
            label_column=label_column,
            progress=progress,
        )
        typer.echo(cleaning.summary(), err=True)
        with tracking_session() as client:
            from trainer.recipes.base import FitOptions
            from trainer.training import train_version

            trained = [
                train_version(
                    client,
                    recipe,
                    dataset,
                    cleaning,
                    FitOptions(seed=seed, epochs=epochs, weights=weights),
                    progress,
                    name=name,
                    experiment=experiment or name,
                )
                for recipe in recipes
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
            f"trained in {version.fit_seconds:.1f} s, predicts {version.tweets_per_second:,.0f} "
            f"tweets/s; run {version.run_id}, {name} version {version.version}"
        )

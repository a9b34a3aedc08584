"""`trainer first-champion`."""

from typing import Annotated

import typer

from trainer.commands.decision import show
from trainer.commands.options import Data, Limit, Name
from trainer.commands.train import known_recipes
from trainer.registry.versions import DEFAULT_MODEL

RECIPES = ("logistic-regression", "bert")


def first_champion(
    data: Data,
    recipe: Annotated[
        list[str],
        typer.Option(help="Compare this one; may be repeated.", callback=known_recipes),
    ] = list(RECIPES),  # noqa: B006 (Typer copies it)
    name: Name = DEFAULT_MODEL,
    limit: Limit = None,
    seed: Annotated[int, typer.Option(help="Fixes every random choice.")] = 0,
) -> None:
    """Give a model without a champion its first: train, compare, promote the best that passes.

    Where there is a champion it says so and changes nothing, so it can run at every start. Where it
    was stopped before, it goes on.
    """
    from trainer.registry.first import existing_champion

    if number := existing_champion(name):
        typer.echo(f"{name} has a champion already: version {number}")
        return

    from trainer.data.loading import load_dataset
    from trainer.progress import shown
    from trainer.recipes.spec import RecipeSpec
    from trainer.registry.first import make_first_champion
    from trainer.tracking.store import tracking_session
    from trainer.training import train_version

    with shown() as progress, tracking_session() as client:
        dataset, cleaning = load_dataset(data, limit=limit, progress=progress)
        typer.echo(cleaning.summary(), err=True)

        def train(recipe: str) -> None:
            trained = train_version(
                client,
                RecipeSpec.parse(recipe),
                dataset,
                cleaning,
                progress,
                seed=seed,
                name=name,
                experiment=name,
            )
            typer.echo(f"version {trained.version} ({recipe}) is registered", err=True)

        done = make_first_champion(client, name, recipe, dataset, train)
    show(done)

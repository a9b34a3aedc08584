"""`trainer compare`."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trainer.commands.options import Data, Experiment, LabelColumn, Limit, Name, TextColumn
from trainer.commands.output import console, table
from trainer.registry.versions import DEFAULT_MODEL

WIDTH = 130
"""Columns that the tables need; a pipe has them, a terminal has its own."""

if TYPE_CHECKING:
    from trainer.comparison.making import Made
    from trainer.comparison.results import Spread


def compare(
    data: Data,
    recipes: Annotated[
        str | None,
        typer.Option(
            metavar="RECIPE[:setting=value]...,RECIPE...",
            help="What to compare. [default: every recipe]",
        ),
    ] = None,
    limit: Limit = None,
    seeds: Annotated[
        int, typer.Option(min=1, help="How often to train each; another sample each time.")
    ] = 3,
    weight: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CRITERION=WEIGHT",
            help="For the decision matrix; may be repeated: accuracy, macro-f1, auc, log-loss, "
            "speed, fit, size, cost.",
        ),
    ] = None,
    machine_name: Annotated[
        str | None, typer.Option(help="What models would serve on; with --machine-price.")
    ] = None,
    machine_price: Annotated[
        float | None, typer.Option(metavar="EUR_PER_HOUR", help="Its price; with --machine-name.")
    ] = None,
    report: Annotated[
        Path | None, typer.Option(help="Write the HTML report here too, not only to MLflow.")
    ] = None,
    name: Name = DEFAULT_MODEL,
    experiment: Experiment = None,
    text_column: TextColumn = None,
    label_column: LabelColumn = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one line of JSON instead of tables.")
    ] = False,
) -> None:
    """Train every recipe on the same rows with several seeds, and register the best one.

    Stopped in whatever way, the same command goes on where it was. Validation chooses; the test
    split is looked at once, to confirm. The report is an artifact of the comparison's run.
    """
    from trainer.comparison.costs import chosen_machine
    from trainer.comparison.decision import parse_weights
    from trainer.comparison.outcome import Terms
    from trainer.comparison.plan import Plan, parse_recipes
    from trainer.data.loading import load_dataset
    from trainer.errors import TrainerError
    from trainer.progress import shown
    from trainer.registry.versions import checked
    from trainer.tracking.store import tracking_session

    checked(name)
    specs = parse_recipes(recipes)
    terms = Terms(parse_weights(weight or []), chosen_machine(machine_name, machine_price))
    if report and not report.absolute().parent.is_dir():
        raise TrainerError(f"--report {report}: there is no folder {report.absolute().parent}")
    with shown() as progress:
        dataset, cleaning = load_dataset(
            data, text_column=text_column, label_column=label_column, progress=progress
        )
        typer.echo(cleaning.summary(), err=True)
        plan = Plan(name, specs, seeds, limit, dataset.fingerprint)
        with tracking_session() as client:
            from trainer.comparison.making import Comparison
            from trainer.comparison.report import NAME, write_report

            comparison = Comparison(
                client, experiment or name, plan, dataset, cleaning, terms, progress
            )
            try:
                made = comparison.make(lambda made, folder: write_report(made, folder / NAME))
            except KeyboardInterrupt:
                typer.echo("stopped; the same command goes on with the runs left", err=True)
                raise
            if report:
                write_report(made, report)
    if as_json:
        content = {**made.outcome.as_dict(), "version": made.version, "parent_run": made.parent}
        typer.echo(json.dumps(content))
    else:
        _show(made)
    if made.outcome.failures:
        raise typer.Exit(1)


def _show(made: "Made") -> None:
    outcome, several = made.outcome, made.outcome.plan.seeds > 1

    def spread(item: "Spread") -> str:
        return f"{item.mean:.4f}" + (f" ±{item.deviation:.3f}" if several else "")

    quality = table(
        "recipe", "val. accuracy", "val. F1", "test accuracy (95 %)", "test F1", "AUC", "ECE"
    )
    cost = table("recipe", "fit s", "tweets/s", "MB", "€/million", "p vs best (Holm)", "decision")
    p_values = {item.recipe: f"{item.p_adjusted:.2g}" for item in outcome.contrasts}
    scores = {item.recipe: item.score for item in outcome.matrix}
    for item in outcome.results:
        interval = item.test_accuracy.interval()
        quality.add_row(
            item.recipe,
            spread(item.figure("validation", "accuracy")),
            spread(item.figure("validation", "macro_f1")),
            f"{interval.value:.4f} ({interval.low:.3f} to {interval.high:.3f})",
            spread(item.figure("test", "macro_f1")),
            f"{item.figure('test', 'auc').mean:.4f}",
            f"{item.figure('test', 'ece').mean:.4f}",
        )
        cost.add_row(
            item.recipe,
            f"{item.of_runs('fit_seconds').mean:,.1f}",
            f"{item.of_runs('tweets_per_second').mean:,.0f}",
            f"{item.of_runs('megabytes').mean:,.2f}",
            f"{outcome.cost(item):.4f}",
            p_values.get(item.recipe, "-"),
            f"{scores[item.recipe]:.3f}",
        )
    for service in outcome.services:
        price = f"{service.euros_per_million:.2f}"
        cost.add_row(f"cloud: {service.service}", "-", "-", "-", price, "-", "-")
    for listing in (quality, cost):
        listing.columns[0].overflow = "fold"
        console(WIDTH).print(listing)
    best = outcome.best
    typer.echo(
        f"best by validation macro-F1: {best.recipe}, seed {best.best_run.seed}; "
        f"{outcome.plan.name} version {made.version}, run {best.best_run.run_id}"
    )
    typer.echo(f"best by the weights: {outcome.matrix[0].recipe}")
    agrees = "agrees" if outcome.agreement.holds else "does NOT agree"
    typer.echo(f"the test split {agrees}: {' '.join(outcome.agreement.findings)}")
    for run, reason in outcome.failures.items():
        typer.echo(f"failed: {run}: {reason}", err=True)
    typer.echo(f"report: report.html of run {made.parent}")

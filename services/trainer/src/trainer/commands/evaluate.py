"""`trainer evaluate`."""

import json
from enum import StrEnum
from typing import Annotated

import typer

from trainer.commands.options import AsJson, Data, LabelColumn, TextColumn
from trainer.commands.output import FIGURES, console, figure, table


class Rows(StrEnum):
    """Which rows of a source are scored."""

    TEST = "test"
    ALL = "all"


def evaluate(
    model: Annotated[str, typer.Option(help="models:/NAME@ALIAS, models:/NAME/VERSION, or DIR.")],
    data: Data,
    split: Annotated[
        Rows,
        typer.Option(help="`all` suits data the model never saw; else it counts what it learned."),
    ] = Rows.TEST,
    text_column: TextColumn = None,
    label_column: LabelColumn = None,
    as_json: AsJson = False,
) -> None:
    """Score any bundle on any labelled texts, as it would be served: through ONNX Runtime."""
    from contract.bundle import Bundle
    from trainer.data.loading import load_rows
    from trainer.data.table import SPLITS
    from trainer.evaluation.evaluate import evaluate as score
    from trainer.evaluation.evaluate import joined
    from trainer.progress import shown
    from trainer.registry.bundles import bundle_directory

    with bundle_directory(model) as directory, shown() as progress:
        bundle = Bundle.open(directory)
        rows = load_rows(
            data, text_column=text_column, label_column=label_column, progress=progress
        )
        splits = SPLITS if split is Rows.ALL else (split.value,)
        chosen = joined([rows.split(name) for name in splits])
        found = score(bundle, chosen, rows.labels, progress)
    manifest = bundle.manifest
    if as_json:
        content = {
            "model": model,
            "recipe": manifest.recipe,
            "data": data,
            "split": split.value,
            "rows": len(chosen),
            "metrics": found.metrics.as_dict(),
            "tweets_per_second": found.tweets_per_second,
            "report": found.report(),
        }
        typer.echo(json.dumps(content))
        return
    title = f"{manifest.name}, {manifest.recipe}: {len(chosen):,} rows of {data} ({split.value})"
    figures = table("figure", "value", title=title)
    for label, attribute in FIGURES:
        figures.add_row(label, figure(found.metrics, attribute))
    figures.add_row("tweets/s", f"{found.tweets_per_second:,.0f}")
    console().print(figures)
    classes = table("label", "precision", "recall", "F1", "rows")
    for label, row in found.report().items():
        values = (f"{row[key]:.4f}" for key in ("precision", "recall", "f1-score"))
        classes.add_row(label, *values, f"{row['support']:,.0f}")
    console().print(classes)

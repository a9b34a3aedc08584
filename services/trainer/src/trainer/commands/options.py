"""Options that several commands take, each said once."""

from typing import Annotated

import typer

Data = Annotated[str, typer.Option(help="`sample`, or a file; see `trainer data --help`.")]
Limit = Annotated[
    int | None,
    typer.Option(min=1, help="The most training rows; validation and test stay whole."),
]
Name = Annotated[str, typer.Option(help="The registered model.")]
Experiment = Annotated[
    str | None, typer.Option(help="MLflow experiment. [default: the model's name]")
]
Seed = Annotated[
    int, typer.Option(min=0, help="Fixes every random choice, also which rows a limit leaves.")
]
Precision = Annotated[
    float,
    typer.Option(
        min=0.01,
        max=1.0,
        help="Answers are marked uncertain below the confidence at which this share of the others "
        "is right on validation.",
    ),
]
TextColumn = Annotated[str | None, typer.Option(help="Column of the texts. [default: text]")]
LabelColumn = Annotated[str | None, typer.Option(help="Column of the labels. [default: label]")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one line of JSON.")]

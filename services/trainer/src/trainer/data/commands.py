"""`trainer data …` on the command line."""

from pathlib import Path
from typing import Annotated

import typer

from trainer import progress
from trainer.data.fetch import SENTIMENT140, Archive, fetch_archive

app = typer.Typer(help="Describe and fetch labelled tweets.", no_args_is_help=True)
fetch_app = typer.Typer(help="Download public data sets.", no_args_is_help=True)
app.add_typer(fetch_app, name="fetch")


@app.command("describe")
def describe_command(
    source: Annotated[
        str, typer.Argument(help="'sample', or a .csv, .tsv, .jsonl or .txt file, .gz or not.")
    ],
    out: Annotated[
        Path, typer.Option(help="Directory for the plots and card.txt.", file_okay=False)
    ] = Path("data-card"),
    text_column: Annotated[str | None, typer.Option(help="Column of texts [text].")] = None,
    label_column: Annotated[str | None, typer.Option(help="Column of labels [label].")] = None,
) -> None:
    """Print the card of a data set and write its plots."""
    from rich.console import Console

    from trainer.data.card import describe, render
    from trainer.data.loading import check_rows, load_rows
    from trainer.data.plots import write_plots

    with progress.shown() as bar:
        rows = load_rows(source, text_column=text_column, label_column=label_column, progress=bar)
    card = describe(rows)
    console = Console(record=True, markup=False, emoji=False)  # a tweet's brackets are text
    console.print(render(card))
    written = write_plots(card, rows.frame, out)
    console.save_text(str(out / "card.txt"))
    typer.echo(f"wrote {', '.join(path.name for path in written)} and card.txt to {out}")
    check_rows(rows)  # last: the card shows why a data set is too small


@fetch_app.command("sentiment140")
def fetch_sentiment140(
    to: Annotated[Path, typer.Option(help="Directory to put the files in.")] = Path(
        "data/sentiment140"
    ),
    url: Annotated[str, typer.Option(help="Where the archive is.")] = SENTIMENT140.url,
    size: Annotated[int, typer.Option(help="Its size in bytes.", min=1)] = SENTIMENT140.size,
    sha256: Annotated[str, typer.Option(help="Its SHA-256.")] = SENTIMENT140.sha256,
) -> None:
    """Download Sentiment140 from its authors; a download that was stopped goes on."""
    with progress.shown() as bar:
        files = fetch_archive(Archive(url, size, sha256), to, progress=bar)
    for path in files:
        typer.echo(str(path))

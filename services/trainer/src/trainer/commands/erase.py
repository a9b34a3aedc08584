"""`trainer erase`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from trainer.errors import TrainerError


def erase(
    texts: Annotated[
        str, typer.Argument(help="File of texts, one a line; - reads them from standard input.")
    ],
) -> None:
    """Remove what runs in MLflow keep of tweets: hashes of test rows, and the answers to them.

    The API erases its own: `POST /v1/erasures`. Models keep what they learned until they are
    trained again on data without the tweets.
    """
    wanted = [line for line in _content(texts).splitlines() if line.strip()]
    if not wanted:
        raise TrainerError(f"{texts} holds no text: give one a line")
    from trainer.progress import shown
    from trainer.tracking.erasing import erase_rows
    from trainer.tracking.store import tracking_session

    with tracking_session() as client, shown() as progress:
        found = erase_rows(client, wanted, progress)
    typer.echo(f"{found.rows} rows removed from {found.runs} runs")


def _content(source: str) -> str:
    try:
        return sys.stdin.read() if source == "-" else Path(source).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise TrainerError(f"{source} is not UTF-8: save it as that") from None

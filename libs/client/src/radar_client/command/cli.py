"""The command `radar`: its options, and how it ends."""

import asyncio
import os
import signal
import sys
from enum import IntEnum
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

if TYPE_CHECKING:
    from radar_client.command.output import OutputForm
    from radar_client.command.rows import Form

app = typer.Typer(
    help="The sentiment API, for files and pipes.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


class Exit(IntEnum):
    """How the command ends; 2 is a wrong option."""

    DONE = 0
    NOTHING = 1
    SOME_FAILED = 3
    INTERRUPTED = 130
    """128 and the number of SIGINT, as shells say it."""
    NO_READER = 141
    """128 and the number of SIGPIPE."""


@app.callback()
def _radar() -> None:
    """The sentiment API, for files and pipes."""


@app.command()
def predict(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            help="CSV with a header, JSON lines, or a tweet a line; - or nothing: standard input"
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(help="file to write, there once it is whole; else standard output"),
    ] = None,
    format: Annotated[
        str | None,
        typer.Option(help="csv or jsonl; by the output's name, else csv", metavar="csv|jsonl"),
    ] = None,
    given: Annotated[
        str | None,
        typer.Option(
            "--from",
            help="csv, jsonl or lines; by a file's name, else by its first line",
            metavar="csv|jsonl|lines",
        ),
    ] = None,
    column: Annotated[
        str, typer.Option(help="column of CSV, or member of JSON, with the tweet")
    ] = "text",
    concurrency: Annotated[
        int, typer.Option(min=1, max=64, help="requests on their way at the same time")
    ] = 2,
    deadline: Annotated[
        float,
        typer.Option(min=1, max=86_400, help="seconds to keep trying a request of 256 tweets"),
    ] = 300.0,
    resend: Annotated[
        bool,
        typer.Option(
            "--resend",
            help="send tweets again after a connection that broke; the service may then count "
            "them twice",
        ),
    ] = False,
) -> None:
    """Predict tweets, and write a row for each in the same order.

    RADAR_URL is the service's address (http://127.0.0.1:8000), RADAR_API_KEY the access key. Exit
    status: 0 every row has a prediction; 3 some have an error in its place; 1 it could
    not be done at all.
    """
    _one_of("--format", format, ("csv", "jsonl"))
    _one_of("--from", given, ("csv", "jsonl", "lines"))
    for path in files or []:  # before anything is sent, not when its turn comes
        if str(path) != "-" and (path.is_dir() or not os.access(path, os.R_OK)):
            raise typer.BadParameter(f"{path} is no file that can be read", param_hint="FILES")

    from radar_client.command.display import Display, said
    from radar_client.command.errors import CommandError
    from radar_client.command.output import writer
    from radar_client.command.pipeline import predict_rows
    from radar_client.command.rows import STDIN, rows_of
    from radar_client.errors import RadarError
    from radar_client.retries import Policy

    rows = chain.from_iterable(
        rows_of(str(path), cast("Form | None", given), column) for path in files or [Path(STDIN)]
    )
    policy = Policy(attempts=1_000, deadline=deadline, resend=resend)
    try:
        with Display() as display:
            with writer(output, cast("OutputForm | None", format)) as sink:
                work = predict_rows(
                    rows, sink, policy=policy, concurrency=concurrency, told=display.told
                )
                tally = asyncio.run(work)
            if tally.failed or sys.stderr.isatty():
                display.say(f"radar: {said(tally)}")
    except (RadarError, CommandError) as error:
        typer.echo(f"radar: {' '.join(str(error).split())}", err=True)
        raise typer.Exit(Exit.NOTHING) from None
    except BrokenPipeError:  # whoever read the output has seen enough
        raise typer.Exit(Exit.NO_READER) from None
    except KeyboardInterrupt:
        raise typer.Exit(Exit.INTERRUPTED) from None
    if tally.failed:
        raise typer.Exit(Exit.SOME_FAILED)


def _one_of(option: str, value: str | None, choices: tuple[str, ...]) -> None:
    if value is not None and value not in choices:
        raise typer.BadParameter(f"{value!r} is none of {', '.join(choices)}", param_hint=option)


def _interrupt(*_: object) -> None:
    signal.raise_signal(signal.SIGINT)


def main() -> None:
    """Run the command."""
    # Whoever ends it, no half-written file stays. A shell script starts what it puts into the
    # background with SIGINT ignored, which would make it deaf to both.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, _interrupt)
    app()

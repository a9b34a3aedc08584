"""The command `inference score`."""

from contextlib import ExitStack
from enum import StrEnum
from importlib.util import find_spec
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from inference.bulk.counting import Counted

EXTRA = ("pyarrow", "fsspec")
STOPPED = 130
"""What a shell says of a command that Ctrl-C ended."""


class EngineName(StrEnum):
    """Where it is computed."""

    LOCAL = "local"
    RAY = "ray"


class FormatName(StrEnum):
    """How answers are written."""

    PARQUET = "parquet"
    CSV = "csv"


class PrecisionName(StrEnum):
    """Which graph of the model runs."""

    AUTO = "auto"
    FP32 = "fp32"
    INT8 = "int8"


def score(
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="INPUT...",
            help="CSV, TSV, JSONL or Parquet, also gzipped: paths, addresses (s3://, abfs://, "
            "gs://, https://), or patterns with *",
        ),
    ],
    output: Annotated[str, typer.Option(help="folder or address for the answers")],
    model: Annotated[
        str, typer.Option(help="models:/NAME@ALIAS, models:/NAME/VERSION or a bundle's folder")
    ] = "",
    engine: Annotated[EngineName, typer.Option(help="this machine, or Ray")] = EngineName.LOCAL,
    address: Annotated[
        str, typer.Option(help="of a Ray cluster; without: one on this machine, for this run")
    ] = "",
    output_format: Annotated[
        FormatName, typer.Option("--format", help="of the answers")
    ] = FormatName.PARQUET,
    text_column: Annotated[str, typer.Option(help="name of the column of texts")] = "text",
    id_column: Annotated[
        str, typer.Option(help="name of the column of ids; without: id, or else FILE:LINE")
    ] = "",
    no_header: Annotated[
        bool, typer.Option("--no-header", help="delimited files have none; columns are numbers")
    ] = False,
    no_quotes: Annotated[
        bool, typer.Option("--no-quotes", help="double quotes in delimited files are text")
    ] = False,
    encoding: Annotated[str, typer.Option(help="of text files")] = "utf-8",
    precision: Annotated[
        PrecisionName | None, typer.Option(help="which graph runs [MODEL_PRECISION]")
    ] = None,
    threads: Annotated[
        int, typer.Option(min=0, max=4_096, help="that compute, or Ray's workers; 0: every core")
    ] = 0,
    block_rows: Annotated[
        int, typer.Option(min=1, max=1_000_000, help="rows in each file of answers")
    ] = 8_192,
    radar: Annotated[
        bool,
        typer.Option("--radar", help="count them on the radar too, in the store [DATABASE_URL]"),
    ] = False,
    radar_column: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FIELD=COLUMN",
            help="column of created_at, airline, topic, author or reach; without: one of that "
            "name, or as in the airline file and Sentiment140",
        ),
    ] = None,
    airline: Annotated[
        str, typer.Option(help="whom rows are about that do not say it", metavar="NAME")
    ] = "",
) -> None:
    """Score files of tweets. Given again after a stop, it goes on where that was.

    Each row comes out with its id, label, probabilities and model version, in files under
    OUTPUT/scores that follow each other by name. Rows that cannot be read are in
    OUTPUT/refused.jsonl, with file, line and reason. With --radar the scored rows are counted as
    `inference radar replay` counts them, each once however often this is given; those without a
    time that can be used are in OUTPUT/uncounted.jsonl.
    """
    if missing := [name for name in EXTRA if find_spec(name) is None]:
        _fail(f"needs {' and '.join(missing)}: install the extra, radar-inference[bulk]")
    if engine is EngineName.RAY and find_spec("ray") is None:
        _fail("--engine ray needs Ray: install the extra, radar-inference[bulk]")
    if address and engine is not EngineName.RAY:
        _fail("--address: only Ray has one; add --engine ray")
    if (radar_column or airline) and not radar:
        _fail("--radar-column and --airline: only the radar needs them; add --radar")
    _check_encoding(encoding)

    from inference.settings import SettingsError, read_settings

    try:
        settings = read_settings()
    except SettingsError as error:
        _fail(str(error))

    import sys

    from inference.bulk.blocks import CuttingOptions
    from inference.bulk.errors import BulkError
    from inference.bulk.job import ScoringOptions, run_scoring
    from inference.bulk.rows import ColumnOptions
    from inference.scheduling.cores import available_cores

    on_this_machine = settings.inference_threads or available_cores()
    options = ScoringOptions(
        inputs=inputs,
        output=output,
        output_format=output_format.value,
        model=model or settings.model_source,
        precision=precision.value if precision else settings.model_precision,
        tracking_uri=settings.tracking_uri,
        cutting=CuttingOptions(
            columns=ColumnOptions(
                text=text_column,
                id=id_column or None,
                header=not no_header,
                quotes=not no_quotes,
                encoding=encoding,
            ),
            block_rows=block_rows,
            max_characters=settings.max_text_characters,
        ),
        engine=engine.value,
        address=address or None,
        threads=threads or (0 if engine is EngineName.RAY else on_this_machine),
    )
    try:
        with ExitStack() as stack:
            counter = None
            if radar:
                from inference.bulk.counting import open_counter
                from inference.bulk.mentions import MentionColumns

                columns = MentionColumns.parse(radar_column or [], airline)
                counter = stack.enter_context(open_counter(settings, columns, sys.stderr))
            outcome = run_scoring(options, sys.stderr, counter)
    except BulkError as error:
        _fail(str(error))
    except KeyboardInterrupt:
        typer.echo("inference: stopped; the same command goes on from here", err=True)
        raise typer.Exit(STOPPED) from None
    refused = f", {outcome.refused:,} rows refused: {output}/refused.jsonl"
    typer.echo(
        f"{outcome.rows:,} tweets scored in {output}{refused if outcome.refused else ''}", err=True
    )
    if outcome.counted:
        typer.echo(_spoken(outcome.counted, output), err=True)


def _spoken(counted: "Counted", output: str) -> str:
    tally = counted.tally
    said = [f"{tally.counted:,} counted", f"{tally.known:,} known before"]
    if tally.late:
        said.append(f"{tally.late:,} older than RADAR_DAYS before the newest mention there")
    if counted.unusable:
        said.append(f"{counted.unusable:,} without use: {output}/uncounted.jsonl")
    return f"radar: {'; '.join(said)}; in {counted.store}"


def _check_encoding(name: str) -> None:
    import codecs

    try:
        codecs.lookup(name)
    except LookupError:
        _fail(f"--encoding {name}: no such encoding; utf-8 and latin-1 are usual")


def _fail(message: str) -> NoReturn:
    typer.echo(f"inference: {message}", err=True)
    raise typer.Exit(1)

"""The commands `inference drift`."""

import codecs
from pathlib import Path
from typing import Annotated, NoReturn

import typer

app = typer.Typer(help="Drift: what a model's traffic is compared with.", no_args_is_help=True)


@app.callback()
def _commands() -> None:
    """Drift: what a model's traffic is compared with."""


@app.command()
def reference(
    file: Annotated[Path, typer.Argument(help="CSV, TSV or JSON Lines, with gzip or without")],
    text_column: Annotated[
        str, typer.Option(help="column of the texts; with --no-header its number from 1")
    ] = "text",
    header: Annotated[
        bool, typer.Option("--header/--no-header", help="whether the first record names columns")
    ] = True,
    encoding: Annotated[str, typer.Option(help="of the file")] = "utf-8",
) -> None:
    """Compare the traffic of the model of MODEL_SOURCE with a file from now on.

    Best is what the model learned from. Only counts of 20 texts at a time are kept, of at most
    10,000 texts; a second file takes the place of the first.
    """
    from inference.bulk.errors import BulkError, DamagedInputError
    from inference.bulk.model import open_model
    from inference.bulk.rows import ColumnOptions
    from inference.drift import repository
    from inference.drift.comparison import LEAST_REFERENCE
    from inference.drift.features import GROUP_TEXTS
    from inference.drift.recording import reference_rows, sample_texts
    from inference.settings import SettingsError, read_settings
    from inference.store.command import UnusableStoreError, in_store

    needed = LEAST_REFERENCE * GROUP_TEXTS
    try:
        codecs.lookup(encoding)
    except LookupError:
        _fail(f"--encoding {encoding}: there is no such encoding")
    try:
        settings = read_settings()
        columns = ColumnOptions(text=text_column, header=header, encoding=encoding)
        texts, refused = sample_texts(file, columns)
        if len(texts) < needed:
            _fail(f"{file} has {len(texts)} texts that can be used; at least {needed} are needed")
        with open_model(
            settings.model_source, settings.model_precision, settings.tracking_uri
        ) as model:
            version = repository.Version(model.identity.name, model.identity.version)
            rows = reference_rows(
                model.bundle,
                version,
                texts,
                lambda done: typer.echo(f"\r{done:,} of {len(texts):,} texts", err=True, nl=False),
            )
        in_store(lambda connection: repository.replace_recorded(connection, version, rows))
    except DamagedInputError as error:
        _fail(str(error).replace(" and --id-column", ""))
    except BulkError as error:
        _fail(str(error).replace("--model", "MODEL_SOURCE"))
    except (SettingsError, UnusableStoreError) as error:
        _fail(str(error))
    except KeyboardInterrupt:
        typer.echo("\nstopped; nothing was changed", err=True)
        raise typer.Exit(130) from None
    said = f"; {refused:,} rows had none" if refused else ""
    typer.echo(
        f"\r{version.model_name}, version {version.model_version}, is compared with "
        f"{GROUP_TEXTS * len(rows):,} texts{said}",
        err=True,
    )


def _fail(message: str) -> NoReturn:
    typer.echo(f"inference: {message}", err=True)
    raise typer.Exit(1)

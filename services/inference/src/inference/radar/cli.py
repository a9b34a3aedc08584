"""The commands `inference radar`."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from datetime import datetime

    from inference.radar.mentions import Mention
    from inference.radar.reader import RadarReader
    from inference.radar.replay import Tally
    from inference.radar.schemas import EpisodeOut
    from inference.settings import Settings

MOST_SHOWN = 5
"""Rows that cannot be used and are told of one by one; the rest are counted."""
ROWS_BETWEEN_LINES = 10_000

app = typer.Typer(help="The radar: surges of negative mentions.", no_args_is_help=True)


@app.callback()
def _commands() -> None:
    """The radar: surges of negative mentions."""


@app.command()
def replay(
    file: Annotated[Path, typer.Argument(help="CSV, TSV or JSON lines, with gzip or without")],
    speed: Annotated[
        float | None,
        typer.Option(min=0.001, help="seconds of the file in a second; without: at full speed"),
    ] = None,
    airline: Annotated[
        str, typer.Option(help="whom rows are about that do not say it", metavar="NAME")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="print a JSON object a line")] = False,
) -> None:
    """Count the mentions of a file in the store, and print the episodes of its time.

    Columns: text, created_at, and optionally airline, topic, author, reach, id; or those of the
    airline file or of Sentiment140. The same again goes on where it was stopped: no mention is
    counted twice.
    """
    from contextlib import closing

    from inference.bulk.errors import BulkError
    from inference.bulk.model import open_model
    from inference.problems import ServiceError
    from inference.radar.ordering import by_time
    from inference.radar.patience import Patient
    from inference.radar.reader import RadarReader
    from inference.radar.recorder import Recorder, RecorderOptions
    from inference.radar.replay import replay as run
    from inference.radar.rows import FileError
    from inference.radar.service import require_negative
    from inference.store.command import open_store
    from inference.texts import Fingerprints, fingerprint_key

    settings = _settings()
    feed = _Feed(file, airline)
    try:
        with (
            open_model(
                settings.model_source, settings.model_precision, settings.tracking_uri
            ) as model,
            closing(open_store(settings)) as store,
        ):
            require_negative(model.bundle)
            fingerprints = Fingerprints(fingerprint_key(settings))
            patient = Patient(store, feed.tell)
            recorder = Recorder(patient, fingerprints, RecorderOptions.of(settings))
            tally = run(
                by_time(feed.mentions()), model.bundle, recorder, speed=speed, report=feed.report
            )
            feed.end(tally)
            _print_episodes(RadarReader(patient), feed, as_json)
    except FileError as error:
        _fail(str(error))
    except BulkError as error:
        _fail(str(error).replace("--model", "MODEL_SOURCE"))
    except ServiceError as error:
        _fail(f"{error.detail}; the same again goes on where this stopped")
    except OSError as error:
        _fail(f"DATA_DIR: {settings.data_dir} cannot be used: {error.strerror or error}")
    except KeyboardInterrupt:
        typer.echo("\nstopped; the same again goes on from here", err=True)
        raise typer.Exit(130) from None


class _Feed:
    """The rows of a file, with what is to be said about them."""

    def __init__(self, file: Path, airline: str) -> None:
        self._file, self._airline = file, airline
        self._bad = self._read = self._done = 0
        self.span: tuple[datetime, datetime] | None = None
        self.airlines: set[str] = set()

    def mentions(self) -> "Iterator[Mention]":
        """The mentions, while bad rows are told of on standard error."""
        from inference.radar.rows import BadRow, read_mentions

        for row in read_mentions(self._file, airline=self._airline):
            if isinstance(row, BadRow):
                self._bad += 1
                if self._bad <= MOST_SHOWN:
                    typer.echo(f"{self._file}, line {row.line}: {row.reason}", err=True)
                continue
            self._read += 1
            if self._read % ROWS_BETWEEN_LINES == 0:
                typer.echo(f"\r{self._read:,} rows read", err=True, nl=False)
            self.airlines.add(row.airline)
            first, last = self.span or (row.created_at, row.created_at)
            self.span = min(first, row.created_at), max(last, row.created_at)
            yield row
        if not self._read:
            _fail(f"{self._file}: has no mention that can be counted")

    def report(self, mentions: int) -> None:
        """Say how far it is."""
        self._done += mentions
        typer.echo(f"\r{self._done:,} of {self._read:,} mentions", err=True, nl=False)

    @staticmethod
    def tell(message: str) -> None:
        """Say what happens, on a line of its own."""
        typer.echo(f"\ninference: {message}", err=True)

    def end(self, tally: "Tally") -> None:
        """Say what became of all rows."""
        said = [f"{tally.counted:,} counted", f"{tally.known:,} known before"]
        if tally.late:
            said.append(
                f"{tally.late:,} too late, older than RADAR_DAYS before the newest mention of the "
                "store: replay an old file into a store of its own (DATABASE_URL)"
            )
        if self._bad:
            said.append(f"{self._bad:,} rows refused")
        typer.echo(f"\r{'; '.join(said)}", err=True)


def _print_episodes(radar: "RadarReader", feed: _Feed, as_json: bool) -> None:
    from datetime import timedelta

    if feed.span is None:
        return
    first, last = feed.span
    names: list[str | None] = [None] if len(feed.airlines) > 1 else []
    for airline in [*names, *sorted(feed.airlines)]:
        for episode in radar.episodes(airline, first, last + timedelta(minutes=5)):
            if as_json:
                typer.echo('{"airline":' + _quoted(airline) + "," + episode.model_dump_json()[1:])
            else:
                typer.echo("\n".join(_lines(airline, episode)))


def _lines(airline: str | None, episode: "EpisodeOut") -> Iterable[str]:
    end = f"{episode.end:%Y-%m-%d %H:%M}" if episode.end else "goes on"
    yield (
        f"{'all airlines' if airline is None else airline or 'no airline'}: "
        f"{episode.start:%Y-%m-%d %H:%M} to {end} UTC, peak {episode.peak:%H:%M}, "
        f"{episode.negatives} negative for {episode.expected:.1f} expected "
        f"({episode.ratio:.1f} times, score {episode.score:.0f})"
    )
    if episode.drivers:
        said = ", ".join(f"{driver.name} ({driver.score:.1f})" for driver in episode.drivers)
        yield f"    {said}"


def _quoted(airline: str | None) -> str:
    import json

    return json.dumps(airline)


def _settings() -> "Settings":
    from inference.settings import SettingsError, read_settings

    try:
        return read_settings()
    except SettingsError as error:
        _fail(str(error))


def _fail(message: str) -> NoReturn:
    typer.echo(f"inference: {message}", err=True)
    raise typer.Exit(1)

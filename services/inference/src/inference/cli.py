"""The command `inference`."""

import socket
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from inference.access.cli import app as keys
from inference.alerts.cli import app as alerts
from inference.bulk.cli import score
from inference.drift.cli import app as drift
from inference.radar.cli import app as radar

if TYPE_CHECKING:
    from inference.settings import Settings

app = typer.Typer(
    help="The sentiment API.", no_args_is_help=True, add_completion=False, rich_markup_mode=None
)
app.add_typer(keys, name="keys")
app.add_typer(alerts, name="alerts")
app.add_typer(radar, name="radar")
app.add_typer(drift, name="drift")
app.command()(score)


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="port to listen on; 0 takes a free one")] = 8000,
    migrate: Annotated[
        bool, typer.Option("--migrate", help="bring a PostgreSQL schema up to date first")
    ] = False,
) -> None:
    """Serve the API until SIGTERM or Ctrl-C; requests in flight are finished then."""
    from inference.access.mode import keys_are_asked
    from inference.settings import SettingsError

    settings = _settings()
    try:
        keys_are_asked(settings, host)
    except SettingsError as error:
        _fail(str(error))
    try:
        listener = _listen(host, port)
    except OSError as error:
        reason = (error.strerror or str(error)).partition(" (")[0]  # it repeats the address
        _fail(f"cannot listen on {host} port {port}: {reason}")

    # From here on it takes seconds: whatever can be refused before that, was.
    import logging
    import os
    import signal

    from inference import garbage

    with garbage.starting():
        import uvicorn

        from inference.app import create_app
        from inference.draining import DrainingServer
        from inference.logging import configure_logging, fields

        try:
            application = create_app(settings, migrate=migrate, host=host)
        except SettingsError as error:
            _fail(str(error))
        except OSError as error:
            _fail(f"DATA_DIR: {settings.data_dir} cannot be used: {error.strerror or error}")
    configure_logging(settings.log_level)
    # The tokenizers' own threads, as many as the machine has cores, would only get in the way of
    # those that compute; and handing one tweet to them takes longer than encoding it.
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    server = DrainingServer(
        uvicorn.Config(
            application,
            log_config=None,  # the lines of uvicorn go where all others go
            access_log=False,  # its lines hold paths; RequestContext writes one for each request
            server_header=False,
            proxy_headers=False,  # nobody asks here who the client of a proxy is
            timeout_keep_alive=75,  # longer than the idle time of usual load balancers
            timeout_graceful_shutdown=settings.shutdown_seconds,
        ),
        application.state.draining,
        settings.drain_seconds,
    )

    def end(*_: object) -> None:
        server.should_exit = True

    # The server has handlers of its own while it runs. Uvicorn raises a signal again when all is
    # finished; ending on request is no failure, so this one takes it, and any that comes early.
    signal.signal(signal.SIGTERM, end)
    address = "{}:{}".format(*listener.getsockname()[:2])
    logging.getLogger(__name__).info("listening", extra=fields(address=address))
    try:
        server.run(sockets=[listener])
    except KeyboardInterrupt:
        return
    finally:
        listener.close()


@app.command()
def migrate() -> None:
    """Bring the database's schema up to date; several at once are safe."""
    from pathlib import Path

    from sqlalchemy.exc import SQLAlchemyError

    from inference.store.engine import make_engine
    from inference.store.errors import reason_of
    from inference.store.migrate import upgrade

    url = _settings().store_url
    try:
        if url.get_backend_name() == "sqlite" and url.database:
            Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        upgrade(make_engine(url))
    except (SQLAlchemyError, OSError) as error:
        _fail(f"DATABASE_URL: {url.render_as_string()} cannot be migrated: {reason_of(error)}")
    typer.echo(f"{url.render_as_string()} is up to date")


def _settings() -> "Settings":
    from inference.settings import SettingsError, read_settings

    try:
        return read_settings()
    except SettingsError as error:
        _fail(str(error))


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=2_048)


def _fail(message: str) -> NoReturn:
    typer.echo(f"inference: {message}", err=True)
    raise typer.Exit(1)


def main() -> None:
    """Run the command."""
    app()

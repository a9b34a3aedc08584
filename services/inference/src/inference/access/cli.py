"""The commands `inference keys`."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, NoReturn, TypeVar

import typer

from inference.access.scopes import Scope

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from inference.access.keys import KeptKey

DEFAULT_REQUESTS = 600

app = typer.Typer(help="Access keys: make, list, revoke.", no_args_is_help=True)

Result = TypeVar("Result")


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="what logs and verdicts call it")],
    scope: Annotated[list[Scope], typer.Option(help="what it allows; give several times")],
    days: Annotated[
        int | None, typer.Option(min=1, max=36_500, help="days until it expires; without: never")
    ] = None,
    requests_per_minute: Annotated[
        int, typer.Option(min=0, help="requests a minute that each API process takes; 0: any")
    ] = DEFAULT_REQUESTS,
    from_env: Annotated[
        str,
        typer.Option(
            metavar="VARIABLE",
            help="take the key from this variable; the same again changes no key, and another "
            "value takes the place of the one before",
        ),
    ] = "",
) -> None:
    """Make a key and show it, once: only its digest is kept. APIs that run take it in seconds."""
    import os
    from datetime import UTC, datetime, timedelta

    from inference.access import keys, repository
    from inference.access.callers import Caller

    given = os.environ.get(from_env, "") if from_env else ""
    try:
        keys.check_name(name)
    except ValueError as error:
        _fail(f"NAME: {error}")
    if from_env:
        try:
            keys.check_given(given)
        except ValueError as error:
            _fail(f"{from_env}: {error}")
    secret = given or keys.make_key()
    now = datetime.now(UTC)
    key = keys.KeptKey(
        digest=keys.digest_of(secret),
        caller=Caller(name, frozenset(scope)),
        requests_per_minute=requests_per_minute or None,
        created_at=now,
        expires_at=now + timedelta(days=days) if days else None,
    )
    if given:
        changed = _in_store(lambda connection: repository.put_key(connection, key))
        said = f"is the one in {from_env} now" if changed else f"is the one in {from_env} already"
        typer.echo(f"the key {name} {said}", err=True)
        return
    _in_store(lambda connection: repository.add_key(connection, key))
    typer.echo(f"the key {name}; it is shown this once:", err=True)
    typer.echo(secret)


@app.command("list")
def list_keys() -> None:
    """List the keys by name; what they are nobody knows but those who got them."""
    from inference.access import repository

    titles = ("NAME", "SCOPES", "REQUESTS/MIN", "MADE", "EXPIRES", "STATE")
    rows = [titles, *(_cells(key) for key in _in_store(repository.every_key))]
    widths = [max(len(row[column]) for row in rows) for column in range(len(titles))]
    for row in rows:
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        typer.echo(line.rstrip())


@app.command()
def revoke(name: Annotated[str, typer.Argument(help="of the key")]) -> None:
    """Refuse a key from now on. APIs that run do so within seconds."""
    from inference.access import repository

    _in_store(lambda connection: repository.revoke_key(connection, name))
    typer.echo(f"the key {name} is revoked", err=True)


def _cells(key: "KeptKey") -> tuple[str, ...]:
    from inference.access.keys import spoken_scopes

    state = "revoked" if key.revoked_at else "expired" if key.is_expired() else "in use"
    return (
        key.name,
        spoken_scopes(key.caller.scopes),
        str(key.requests_per_minute or "any"),
        f"{key.created_at:%Y-%m-%d}",
        f"{key.expires_at:%Y-%m-%d}" if key.expires_at else "never",
        state,
    )


def _in_store(work: "Callable[[Connection], Result]") -> Result:
    """Do some work in one transaction on the store that the settings name."""
    from inference.access.repository import KeyRefusedError
    from inference.store.command import UnusableStoreError, in_store

    try:
        return in_store(work)
    except (KeyRefusedError, UnusableStoreError) as error:
        _fail(str(error))


def _fail(message: str) -> NoReturn:
    typer.echo(f"inference: {message}", err=True)
    raise typer.Exit(1)

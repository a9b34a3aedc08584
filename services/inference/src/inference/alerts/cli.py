"""The commands `inference alerts`."""

import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, NoReturn, TypeVar

import typer

if TYPE_CHECKING:
    from sqlalchemy import Connection

app = typer.Typer(help="Alerts: list, acknowledge, resolve, test.", no_args_is_help=True)

AlertId = Annotated[uuid.UUID, typer.Argument(metavar="ID", help="of the alert")]
By = Annotated[str, typer.Option(help="a pseudonym")]

MOST_LISTED = 500
LONGEST_BY = 64

Result = TypeVar("Result")


@app.command("list")
def list_alerts(
    every: Annotated[bool, typer.Option("--all", help="also those that are resolved")] = False,
) -> None:
    """List alerts, the newest first."""
    from inference.alerts import repository

    for alert in _in_store(
        lambda connection: repository.page(connection, unresolved=not every, limit=MOST_LISTED)
    ):
        typer.echo(
            f"{alert.id}  {alert.opened_at:%Y-%m-%d %H:%M}  {alert.state:12}  "
            f"{alert.kind} {alert.key}: {alert.summary}"
        )


@app.command()
def acknowledge(alert_id: AlertId, by: By = "") -> None:
    """Say that somebody looks after an alert; whoever was first stays."""
    from inference.alerts import service

    name = _name(by)
    answer = _in_store(lambda connection: service.acknowledge(connection, alert_id, name, None))
    typer.echo(f"acknowledged by {answer.acknowledged_by or 'somebody'}", err=True)


@app.command()
def resolve(alert_id: AlertId, by: By = "") -> None:
    """Say that an alert is over; whoever was first stays."""
    from inference.alerts import service

    name = _name(by)
    answer = _in_store(lambda connection: service.resolve(connection, alert_id, name, None))
    typer.echo(f"resolved by {answer.resolved_by or 'somebody'}", err=True)


@app.command()
def test() -> None:
    """Send a signed test to ALERT_WEBHOOK_URL."""
    from datetime import UTC, datetime

    from inference.alerts.channels import DeliveryError, Webhook
    from inference.alerts.repository import Finding, opened
    from inference.alerts.signing import signing_key
    from inference.settings import SettingsError, read_settings

    try:
        settings = read_settings()
    except SettingsError as error:
        _fail(str(error))
    if not settings.alert_webhook_url:
        _fail("ALERT_WEBHOOK_URL: names no address; set it, and ALERT_WEBHOOK_SECRET")
    now = datetime.now(UTC)
    finding = Finding("test", "test", "a test of the webhook", {}, seen_at=now)
    webhook = Webhook(settings.alert_webhook_url, signing_key(settings.alert_webhook_secret))
    try:
        webhook.send(opened(finding, now, number=1))
    except DeliveryError as error:
        _fail(f"ALERT_WEBHOOK_URL: {error}")
    typer.echo("the test arrived", err=True)


def _name(by: str) -> str | None:
    if len(by) > LONGEST_BY or not by.isprintable():
        _fail(f"--by: must have at most {LONGEST_BY} characters, on one line")
    return by or None


def _in_store(work: "Callable[[Connection], Result]") -> Result:
    from inference.problems import ServiceError
    from inference.store.command import UnusableStoreError, in_store

    try:
        return in_store(work)
    except (ServiceError, UnusableStoreError) as error:
        _fail(str(error))


def _fail(message: str) -> NoReturn:
    typer.echo(f"inference: {message}", err=True)
    raise typer.Exit(1)

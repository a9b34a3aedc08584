"""How the decision of the gate is shown."""

import json
from typing import TYPE_CHECKING

import typer

from trainer.commands.output import console, table

if TYPE_CHECKING:
    from trainer.registry.challenge import Challenge

REFUSED = 3
"""Exit status: the gate decided against it. 1 is an error, 2 a wrong option."""

WIDE = 140
"""Columns without a terminal, so that a check is one line of a log."""


def show(challenge: "Challenge", *, as_json: bool = False, quiet: bool = False) -> None:
    """Print what the gate found and did, as tables, as JSON, or not at all.

    Raises:
        typer.Exit: (3) it refused.
    """
    if as_json:
        typer.echo(json.dumps(challenge.as_dict()))
    elif not quiet:
        _show_checks(challenge)
        typer.echo(said(challenge))
    if not challenge.serves:
        raise typer.Exit(REFUSED)


def said(challenge: "Challenge") -> str:
    """The decision in one line."""
    version = f"{challenge.version} of {challenge.name}"
    if challenge.decision is None:
        return f"{version} is the champion already: {challenge.reason}"
    before = "nothing" if challenge.before is None else f"version {challenge.before}"
    if challenge.serves:
        return f"{version} is the champion now, before it {before}: {challenge.reason}"
    stays = "nothing serves" if challenge.before is None else f"{before} stays the champion"
    return f"{version} is refused, {stays}; decided by {challenge.decision.decided_by}"


def _show_checks(challenge: "Challenge") -> None:
    if challenge.decision is None:
        return
    against = "the floor" if challenge.before is None else f"version {challenge.before}"
    listing = table("check", "measured", "required", "", title=f"{challenge.version} and {against}")
    for check in challenge.decision.checks:
        required = f"{check.required} (one of these)" if check.alternative else check.required
        listing.add_row(check.name, check.measured, required, "pass" if check.passed else "FAIL")
    console(WIDE).print(listing)

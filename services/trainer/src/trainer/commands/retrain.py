"""`trainer retrain`."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from trainer import defaults
from trainer.commands.decision import show
from trainer.commands.options import AsJson, Name, Precision
from trainer.commands.output import console, table
from trainer.commands.registry import (
    Force,
    InferenceUrl,
    LatencyMs,
    Reason,
    forced_reason,
)
from trainer.commands.train import known_recipes
from trainer.errors import TrainerError
from trainer.registry.versions import DEFAULT_MODEL

if TYPE_CHECKING:
    from trainer.feedback.retraining import Counts

Recipe = Annotated[
    str | None,
    typer.Option(metavar="RECIPE[:setting=value]...", help="[default: the champion's]"),
]
Weight = Annotated[int, typer.Option(min=1, help="Times that a correction counts.")]
PerReviewer = Annotated[
    int, typer.Option(min=1, help="The most texts of one access key that count, newest first.")
]
Limit = Annotated[
    int | None,
    typer.Option(min=1, help="The most training rows of the base; all that is added trains."),
]
Seed = Annotated[int, typer.Option(min=0, help="Fixes every random choice.")]

FEEDBACK_LINES = {
    "read": "labelled texts read",
    "other_model": "of another model",
    "empty": "without text",
    "unauthenticated": "without an access key, and no audit",
    "unknown_label": "with a label that the data do not have",
    "superseded": "older verdicts on the same text",
    "over_cap": "beyond --per-reviewer",
    "held_out": "held out, to judge by",
    "kept": "left to train on",
    "conflicts": "texts with different labels; the newest counts",
}
MERGED_LINES = {
    "base_rows": "rows of the base data that train",
    "base_held_out": "of them left out: held-out feedback",
    "relabelled": "of them with another label now",
    "added": "rows of further files that train",
    "added_left_out": "left out: of validation or test, or held out",
    "feedback": "texts of the feedback that train",
    "corrections": "of them corrections",
    "feedback_in_splits": "left out: in validation or test",
}


def retrain(
    data: Annotated[
        str, typer.Option(help="The base data; their validation and test rows measure.")
    ],
    add: Annotated[
        list[str],
        typer.Option(help="A further file whose rows train; may be repeated."),
    ] = [],  # noqa: B006 (Typer copies it)
    recipe: Recipe = None,
    inference_url: InferenceUrl = None,
    weight: Weight = defaults.CORRECTION_WEIGHT,
    per_reviewer: PerReviewer = defaults.PER_REVIEWER,
    limit: Limit = None,
    seed: Seed = 0,
    precision: Precision = defaults.PRECISION,
    latency_ms: LatencyMs = defaults.LATENCY_MS,
    force: Force = False,
    reason: Reason = None,
    text_column: Annotated[
        str | None, typer.Option(help="Column of the base's texts. [default: text]")
    ] = None,
    label_column: Annotated[
        str | None, typer.Option(help="Column of the base's labels. [default: label]")
    ] = None,
    name: Name = DEFAULT_MODEL,
    as_json: AsJson = False,
) -> None:
    """Train on the base data and what people corrected since; promote what passes the gate.

    Feedback is read from the API. 30 % of it, chosen by hash, is never trained on: the gate judges
    by it. Exit status 3 says that the gate refused, 1 that something failed.
    """
    if recipe:
        known_recipes([recipe])
    forced = forced_reason(force, reason)
    from trainer.feedback.client import URL_VARIABLE
    from trainer.feedback.client import inference_url as address
    from trainer.feedback.retraining import Plan
    from trainer.feedback.retraining import retrain as run
    from trainer.progress import shown
    from trainer.registry.versions import checked
    from trainer.tracking.store import tracking_session

    url = address(inference_url)
    if url is None:
        raise TrainerError(
            f"the API's address is not known: set {URL_VARIABLE}, such as http://127.0.0.1:8000, "
            "or give --inference-url"
        )
    plan = Plan(
        name=checked(name),
        data=data,
        additions=tuple(add),
        inference_url=url,
        recipe=recipe,
        limit=limit,
        seed=seed,
        weight=weight,
        per_reviewer=per_reviewer,
        precision=precision,
        latency_ms=latency_ms,
        force=forced,
        text_column=text_column,
        label_column=label_column,
    )
    with shown() as progress, tracking_session() as client:
        tell = (lambda counts: None) if as_json else show_counts
        done = run(client, plan, progress, tell=tell)
    if done.challenge is None:
        nothing = f"nothing new: the champion was trained by {done.recipe} on exactly these rows"
        typer.echo(
            json.dumps({"outcome": "nothing new", "counts": asdict(done.counts)})
            if as_json
            else nothing
        )
        return
    if as_json:
        typer.echo(json.dumps({**done.challenge.as_dict(), "counts": asdict(done.counts)}))
    show(done.challenge, quiet=as_json)


def show_counts(counts: "Counts") -> None:
    """Print what became of all that was read."""
    listing = table("what was read", "")
    if counts.feedback is not None:
        for field, line in FEEDBACK_LINES.items():
            listing.add_row(line, f"{getattr(counts.feedback, field):,}")
        listing.add_section()
    for field, line in MERGED_LINES.items():
        listing.add_row(line, f"{getattr(counts.merged, field):,}")
    console().print(listing)

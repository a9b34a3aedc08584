"""`trainer baseline`."""

import json
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trainer.commands.options import AsJson, Data, LabelColumn, TextColumn
from trainer.commands.output import console, table
from trainer.registry.versions import DEFAULT_MODEL
from trainer.tracking.store import DEFAULT_FOLDER

if TYPE_CHECKING:
    from trainer.baselines.collecting import Plan
    from trainer.baselines.record import BaselineRecord

CACHE = DEFAULT_FOLDER / "baselines.db"


class ServiceName(StrEnum):
    """The services there are."""

    AZURE = "azure"
    COMPREHEND = "comprehend"


def baseline(
    service: Annotated[ServiceName, typer.Argument(help="The cloud service to ask.")],
    data: Data,
    limit: Annotated[
        int, typer.Option(min=1, help="The most test rows; always the same ones.")
    ] = 500,
    yes: Annotated[
        bool, typer.Option("--yes", help="Send the texts, and pay what was said it costs.")
    ] = False,
    language: Annotated[
        str | None,
        typer.Option(help="ISO 639-1 code of the texts. [default: the data's most frequent]"),
    ] = None,
    experiment: Annotated[str, typer.Option(help="MLflow experiment.")] = DEFAULT_MODEL,
    cache: Annotated[
        Path,
        typer.Option(help="File of the answers paid for, without texts.", dir_okay=False),
    ] = CACHE,
    text_column: TextColumn = None,
    label_column: LabelColumn = None,
    as_json: AsJson = False,
) -> None:
    """Score a cloud sentiment service on the test rows that the models are scored on.

    Says what it costs and stops there, unless --yes. Answers are kept as they come, so that
    nothing is paid for twice. Credentials come from the environment or Azure Key Vault.
    """
    from trainer.baselines.cache import open_cache
    from trainer.baselines.collecting import collect, plan
    from trainer.baselines.record import BaselineRecord, log_baseline
    from trainer.baselines.scoring import check_labels, score
    from trainer.baselines.service import BaselineError, connect
    from trainer.data.loading import load_dataset
    from trainer.progress import shown
    from trainer.tracking.run import training_run
    from trainer.tracking.store import tracking_session

    asked = connect(service.value)
    with shown() as progress:
        dataset, cleaning = load_dataset(
            data, text_column=text_column, label_column=label_column, progress=progress
        )
    typer.echo(cleaning.summary(), err=True)
    check_labels(dataset.labels)
    spoken = language or (dataset.languages[0] if dataset.languages else "en")
    rows = dataset.test.head(limit)
    with open_cache(cache, asked, spoken) as answers:
        planned = plan(asked, rows.texts, spoken, answers)
        typer.echo(_estimate(service.value, planned), err=True)
        if planned.to_send and not yes:
            raise BaselineError("nothing was sent: add --yes to send the texts and pay for them")
        with (
            tracking_session() as client,
            training_run(client, experiment, f"baseline-{service.value}") as run_id,
        ):
            try:
                with shown() as progress:
                    replies = collect(asked, planned, spoken, answers, progress)
            except (KeyboardInterrupt, BaselineError):
                kept = len(answers.get(rows.texts))
                typer.echo(
                    f"stopped: {kept} of {len(rows)} answers are kept in {cache}, "
                    "and the same command asks for the rest only",
                    err=True,
                )
                raise
            result = score(rows.labels, dataset.labels, replies)
            record = BaselineRecord(
                service.value, spoken, dataset, rows, replies, result, planned.cost
            )
            log_baseline(client, run_id, record)
    if as_json:
        typer.echo(json.dumps(_as_json(record, run_id)))
        return
    _show(record)
    typer.echo(f"run {run_id} of {experiment}; answers in {cache}")


def _estimate(service: str, planned: "Plan") -> str:
    from trainer.baselines.prices import DOLLARS_PER_EURO, PRICES

    price = PRICES[service]
    cost = planned.cost
    return (
        f"{service}: {cost.texts:,} of {len(planned.texts):,} texts to send, {cost.units:,} units, "
        f"about {cost.euros:.2f} euros ({cost.dollars:.2f} dollars at {DOLLARS_PER_EURO} to the "
        f"euro; list price of {price.as_of}, {price.source})"
    )


def _as_json(record: "BaselineRecord", run_id: str) -> dict[str, object]:
    from trainer.baselines.prices import cost_per_million

    result = record.result
    return {
        "service": record.service,
        "service_model": result.model,
        "run_id": run_id,
        "data": record.dataset.source,
        "test_fingerprint": record.dataset.test_fingerprint,
        "language": record.language,
        "rows": len(record.rows),
        "answered": result.answered,
        "failed": result.failed,
        "failures": result.failures,
        "sentiments": result.sentiments,
        "scores": {name: asdict(score) for name, score in result.scores.items()},
        "sent": record.cost.texts,
        "cost_euros": record.cost.euros,
        "cost_euros_per_million": cost_per_million(record.service),
    }


def _show(record: "BaselineRecord") -> None:
    from trainer.baselines.prices import cost_per_million

    result = record.result
    said = ", ".join(f"{name} {count:,}" for name, count in result.sentiments.items())
    scores = table(
        "scored with",
        "accuracy (95 %)",
        "macro-F1",
        title=f"{record.service}: {len(record.rows):,} test rows of {record.dataset.source}",
    )
    for name, score in result.scores.items():
        interval = f"{score.accuracy_low:.3f} to {score.accuracy_high:.3f}"
        scores.add_row(
            name.replace("_", " "), f"{score.accuracy:.4f} ({interval})", f"{score.macro_f1:.4f}"
        )
    console().print(scores)
    typer.echo(f"answers: {said}")
    if result.failures:
        codes = ", ".join(f"{code} {count:,}" for code, count in result.failures.items())
        typer.echo(f"no answer, hence wrong: {result.failed:,} ({codes})")
    typer.echo(f"a million tweets cost about {cost_per_million(record.service):,.0f} euros")

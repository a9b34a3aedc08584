"""One retraining: base data, what was added, what people corrected; then the gate."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from trainer import defaults
from trainer.data.dataset import Dataset
from trainer.data.loading import Rows, load_rows
from trainer.errors import AdditionError, DataError, TrainerError
from trainer.feedback.client import read_feedback
from trainer.feedback.merging import MergeCounts, check_addition, merge
from trainer.feedback.selection import FeedbackCounts, Selection, select
from trainer.progress import Progress
from trainer.recipes.spec import RecipeSpec
from trainer.registry.challenge import Challenge, challenge
from trainer.registry.gate import HeldOutText, Terms
from trainer.registry.versions import Version, all_versions, champion
from trainer.training import train_version

if TYPE_CHECKING:
    from mlflow import MlflowClient

BASE_TAG = "base_source"
"""The base data of a retrained version, to which a further retraining adds."""


@dataclass(frozen=True)
class Plan:
    """What to retrain from, and how.

    Attributes:
        name: the registered model.
        data: the base data, which also measure.
        additions: further files, each of which trains.
        inference_url: where feedback is read; None: none is.
        recipe: how to train; None: as the champion was.
        limit: the most training rows of the base.
        seed: fixes every random choice.
        weight: times a correction counts.
        per_reviewer: the most texts of one reviewer.
        precision: of answers that are not marked uncertain.
        latency_ms: the most milliseconds for one text.
        force: the reason to let the new version serve whatever the gate says.
        text_column: of the base data, if not `text`.
        label_column: of the base data, if not `label`.
    """

    name: str
    data: str
    additions: tuple[str, ...] = ()
    inference_url: str | None = None
    recipe: str | None = None
    limit: int | None = None
    seed: int = 0
    weight: int = defaults.CORRECTION_WEIGHT
    per_reviewer: int = defaults.PER_REVIEWER
    precision: float = defaults.PRECISION
    latency_ms: float = defaults.LATENCY_MS
    force: str | None = None
    text_column: str | None = None
    label_column: str | None = None


@dataclass(frozen=True)
class Counts:
    """What became of all that was read; `feedback` is None where none was."""

    feedback: FeedbackCounts | None
    merged: MergeCounts


@dataclass(frozen=True)
class Retrained:
    """How a retraining ended: `challenge` is None where there was nothing new to learn."""

    counts: Counts
    recipe: str
    challenge: Challenge | None


def retrain(
    client: "MlflowClient",
    plan: Plan,
    progress: Progress,
    *,
    tags: dict[str, str] | None = None,
    tell: Callable[[Counts], None] = lambda counts: None,
) -> Retrained:
    """Train on the base data with what was added since, and let the gate decide.

    Where the champion was trained by the same recipe on exactly these rows, nothing is done.

    Args:
        client: of the tracking store.
        plan: what to retrain from, and how.
        progress: told of every step.
        tags: more of what the version shall say of itself.
        tell: called with what became of the data, before training begins.

    Raises:
        UnavailableError: MLflow or the API does not answer.
        AdditionError: a further file cannot be trained on.
        TrainerError: the base data are not the champion's, there is no recipe, or the training
            failed.
    """
    served = champion(client, plan.name)
    recipe = recipe_of(plan.recipe, served)
    base = load_base(plan, progress)
    feedback = read_selection(plan, base.labels, progress)
    merged = merge(
        base,
        load_additions(plan.additions, base, progress),
        feedback,
        weight=plan.weight,
        limit=plan.limit,
        seed=plan.seed,
    )
    counts = Counts(feedback.counts if feedback else None, merged.counts)
    tell(counts)
    if served and not plan.force:
        _check_base(plan, merged.dataset, served)
    if (
        served
        and served.recipe == str(recipe)
        and served.data_fingerprint == merged.dataset.fingerprint
    ):
        return Retrained(counts, str(recipe), None)
    trained = train_version(
        client,
        recipe,
        merged.dataset,
        base.report,
        progress,
        seed=plan.seed,
        name=plan.name,
        experiment=plan.name,
        precision=plan.precision,
        tags={**_tags(plan, counts), **(tags or {})},
    )
    done = put_to_gate(client, plan, trained.version, feedback)
    return Retrained(counts, str(recipe), done)


def put_to_gate(
    client: "MlflowClient", plan: Plan, number: int, feedback: Selection | None
) -> Challenge:
    """Let the gate decide on a version that was trained from feedback."""
    version = next(item for item in all_versions(client, plan.name) if item.number == number)
    terms = Terms(held_out_texts(feedback), plan.latency_ms)
    return challenge(client, plan.name, version, "retrained", terms, force=plan.force)


def read_selection(plan: Plan, labels: Sequence[str], progress: Progress) -> Selection | None:
    """The feedback that counts; None where no address of the API was given."""
    if plan.inference_url is None:
        return None
    judged = read_feedback(plan.inference_url, progress)
    return select(judged, name=plan.name, labels=labels, per_reviewer=plan.per_reviewer)


def held_out_texts(feedback: Selection | None) -> list[HeldOutText] | None:
    """What the gate judges by."""
    if feedback is None:
        return None
    return [HeldOutText(example.text, example.label) for example in feedback.held_out]


def load_base(plan: Plan, progress: Progress) -> Rows:
    """Read the base data.

    Raises:
        TrainerError: they cannot be read; no fault of any further file.
    """
    try:
        return load_rows(
            plan.data,
            text_column=plan.text_column,
            label_column=plan.label_column,
            progress=progress,
        )
    except DataError as error:
        raise TrainerError(f"the base data: {error}") from error


def _check_base(plan: Plan, dataset: Dataset, served: Version) -> None:
    """Refuse before a long training what the gate would refuse after it."""
    if served.test_fingerprint != dataset.test_fingerprint:
        base = served.tags.get(BASE_TAG) or served.tags.get("data_source", "unknown")
        raise TrainerError(
            f"the test rows of {plan.data} are not those that the champion was measured on (its "
            f"base data: {base}): give these as --data, or --force and --reason"
        )


def load_additions(sources: Sequence[str], base: Rows, progress: Progress) -> list[Rows]:
    """Read further files and check that they may be trained on.

    Raises:
        AdditionError: one may not.
    """
    found = []
    for source in sources:
        try:
            rows = load_rows(source, progress=progress)
        except DataError as error:
            raise AdditionError(str(error)) from error
        check_addition(rows, base.labels)
        found.append(rows)
    return found


def recipe_of(given: str | None, served: Version | None) -> RecipeSpec:
    """The recipe that was asked for, else the champion's.

    Raises:
        TrainerError: there is neither, or it cannot be read.
    """
    if given is None and served is None:
        raise TrainerError("there is no champion whose recipe to take: give --recipe")
    return RecipeSpec.parse(given or (served.recipe if served else ""))


def _tags(plan: Plan, counts: Counts) -> dict[str, str]:
    tags = {BASE_TAG: plan.data, "correction_weight": str(plan.weight)}
    parts = {"merged": counts.merged, "feedback": counts.feedback}
    for part, values in parts.items():
        if values is not None:
            tags |= {f"{part}_{name}": str(value) for name, value in asdict(values).items()}
    return tags

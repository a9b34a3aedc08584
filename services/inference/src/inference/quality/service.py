"""Reading quality."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from prometheus_client import Metric
from sqlalchemy import Connection

from inference.problems import Failure, ServiceError
from inference.quality import repository
from inference.quality.figures import labels_of, slice_of, with_known_labels
from inference.quality.latency import latency_of
from inference.quality.repository import Made, Place, Said, Scope
from inference.quality.schemas import QualityAnswer, SliceOut
from inference.store.store import Store

DEFAULT_DAYS: Final = 7
MAX_DAYS: Final = 92

ALL: Final = "all"


class QualityService:
    """Adds up verdicts and confidences. It waits for the database, so it belongs in a thread."""

    def __init__(self, store: Store, figures: Callable[[], Iterable[Metric]]) -> None:
        """Nothing is read.

        Args:
            store: has predictions and verdicts.
            figures: of this process's requests.
        """
        self._store = store
        self._figures = figures

    def read(
        self,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        model_version: str | None = None,
        language: str | None = None,
    ) -> QualityAnswer:
        """The quality of the predictions that were made in a time.

        Args:
            start: from when; without it, `DEFAULT_DAYS` days before the end.
            end: until when, excluded; without it, now.
            model_version: of this version only.
            language: in this language only; an empty one means those not known.

        Raises:
            ServiceError: the time is empty or longer than `MAX_DAYS`, or the store does not answer.
        """
        end = end or datetime.now(UTC)
        start = start or end - timedelta(days=DEFAULT_DAYS)
        if start >= end:
            raise ServiceError(Failure.INVALID_REQUEST, "from: must be earlier than to")
        if end - start > timedelta(days=MAX_DAYS):
            raise ServiceError(
                Failure.INVALID_REQUEST, f"from: must be at most {MAX_DAYS} days before to"
            )
        scope = Scope(start, end, model_version, language)
        made, said = self._store.run(lambda connection: _read(connection, scope), read_only=True)
        return QualityAnswer(
            from_=start,
            to=end,
            model_version=model_version,
            language=language,
            total=slice_of(ALL, made, said),
            versions=_slices(made, said, lambda place: "/".join(place.model)),
            languages=_slices(made, said, lambda place: place.language),
            days=_slices(made, said, lambda place: place.day),
            audits=labels_of([item for item in said if item.audit]),
            volunteered=labels_of([item for item in said if not item.audit]),
            latency=latency_of(self._figures()),
        )


def _read(connection: Connection, scope: Scope) -> tuple[list[Made], list[Said]]:
    made, said = repository.made(connection, scope), repository.said(connection, scope)
    unclear = {
        item.place.model
        for item in said
        if item.verdict == "rejected" and item.corrected_label is None
    }
    labels = {model: repository.labels_of(connection, model, scope) for model in unclear}
    return made, with_known_labels(said, labels)


def _slices(
    made: Sequence[Made], said: Sequence[Said], name: Callable[[Place], str]
) -> list[SliceOut]:
    return [
        slice_of(
            one,
            [item for item in made if name(item.place) == one],
            [item for item in said if name(item.place) == one],
        )
        for one in sorted({name(item.place) for item in made})
    ]

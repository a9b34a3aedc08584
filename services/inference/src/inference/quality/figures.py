"""From counts to accuracy, precision and recall."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from inference.quality.intervals import expected, wilson
from inference.quality.repository import Made, Said
from inference.quality.schemas import CellOut, JudgedLabels, JudgedOut, LabelOut, SliceOut

Model = tuple[str, str]


def with_known_labels(found: Iterable[Said], labels: Mapping[Model, Sequence[str]]) -> list[Said]:
    """What was said, with the right label wherever it follows.

    That of a confirmed prediction is what was predicted; that of a rejected one is the other label
    if there are two.

    Args:
        found: as it was said.
        labels: of the models that rejections without a label are of.
    """
    return [
        replace(item, corrected_label=_right_label(item, labels.get(item.place.model, ())))
        for item in found
    ]


def slice_of(name: str, made: Iterable[Made], found: Iterable[Said]) -> SliceOut:
    """The figures of some predictions.

    Args:
        name: of the slice.
        made: all predictions in it.
        found: what was said of them, skipped ones included.
    """
    made, found = list(made), list(found)
    return SliceOut(
        name=name,
        predictions=sum(item.count for item in made),
        marked=sum(item.marked for item in made),
        audits=_judged(
            [item for item in found if item.audit],
            unaudited=sum(item.count for item in found if item.unaudited),
        ),
        volunteered=_judged([item for item in found if not item.audit]),
        expected=expected(
            sum(item.confidence_sum for item in made),
            sum(item.variance_sum for item in made),
            sum(item.confident for item in made),
        ),
    )


def labels_of(found: Sequence[Said]) -> JudgedLabels:
    """Precision, recall and confusion of what was judged; of no label that nothing was said of."""
    cells: Counter[tuple[str, str | None]] = Counter()
    predicted: Counter[str] = Counter()
    right: Counter[str] = Counter()
    actual: Counter[str] = Counter()
    for item in (item for item in found if item.judged):
        cells[item.label, item.corrected_label] += item.count
        predicted[item.label] += item.count
        right[item.label] += item.count * item.confirmed
        if item.corrected_label is not None:
            actual[item.corrected_label] += item.count
    return JudgedLabels(
        labels=[
            LabelOut(
                label=label,
                precision=wilson(right[label], predicted[label]),
                recall=wilson(right[label], actual[label]),
            )
            for label in sorted(set(predicted) | set(actual))
        ],
        confusion=[
            CellOut(predicted=label, actual=true, count=count)
            for (label, true), count in sorted(
                cells.items(), key=lambda cell: (cell[0][0], cell[0][1] is None, cell[0][1] or "")
            )
        ],
    )


def _right_label(item: Said, labels: Sequence[str]) -> str | None:
    if item.confirmed:
        return item.label
    if not item.judged:
        return None
    if item.corrected_label is None and len(labels) == 2 and item.label in labels:
        return labels[1 - labels.index(item.label)]
    return item.corrected_label


def _judged(found: Sequence[Said], unaudited: int = 0) -> JudgedOut:
    """The figures of what was judged, and how far what was skipped could move them.

    The bounds are those of Manski (Journal of Human Resources 24, 1989) for what is not answered:
    they suppose nothing of why it was skipped.

    Args:
        found: what was said.
        unaudited: predictions drawn with these that were judged in another way alone, which is no
            chance either, and count as skipped.
    """
    skipped = unaudited + sum(item.count for item in found if not item.judged)
    judged = [item for item in found if item.judged]
    right, total = (
        sum(item.count for item in judged if item.confirmed),
        sum(item.count for item in judged),
    )
    confident = sum(item.confident for item in judged)
    confidence = sum(item.confidence_sum for item in judged)
    everything = total + skipped
    return JudgedOut(
        accuracy=wilson(right, total),
        confidence=confidence / confident if confident else None,
        without_label=sum(item.count for item in judged if item.corrected_label is None),
        skipped=skipped,
        if_skipped_were_wrong=right / everything if everything else None,
        if_skipped_were_right=(right + skipped) / everything if everything else None,
    )

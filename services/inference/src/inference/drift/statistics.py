"""How far two windows are apart, and how far chance alone would have put them.

A window is many groups of equally many texts. Where nothing drifted, which groups are of which
window is as good as drawn by lot; so every figure is compared with those of other draws. That holds
for any figure and any size, however the texts within a group hang together (Good 2005, Permutation,
Parametric and Bootstrap Tests of Hypotheses, chapter 3).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

SMOOTHING: Final = 0.5
"""Added to each count, so that a value that one window lacks has a finite logarithm (Jeffreys)."""

RIDGE: Final = 0.1
"""Penalty of the classifier, beside a kernel whose diagonal is 1 on average."""
FOLDS: Final = 5


@dataclass(frozen=True)
class Significance:
    """What chance would do to several figures at once.

    Attributes:
        p_values: of each figure by itself.
        adjusted: the same with all figures in view: the chance that any of them would be as
            unusual as this one. Where nothing drifted, the smallest is below a level in at most
            that share of windows.
    """

    p_values: Mapping[str, float]
    adjusted: Mapping[str, float]


def draws(groups: int, current: int, count: int, random: np.random.Generator) -> Floats:
    """Which groups are of the current window: as they are, then in random draws.

    Args:
        groups: number of groups; the last `current` of them are of the current window.
        current: number of those.
        count: random draws.
        random: of the draws.

    Returns:
        1 for a group of the current window, else 0: `[1 + count, groups]`.
    """
    chosen = np.zeros((1 + count, groups))
    chosen[0, groups - current :] = 1.0
    order = random.random((count, groups)).argpartition(current - 1, axis=1)[:, :current]
    np.put_along_axis(chosen[1:], order, 1.0, axis=1)
    return chosen


def split_counts(counts: Floats, chosen: Floats) -> tuple[Floats, Floats]:
    """The counts of both windows in each draw.

    Args:
        counts: `[groups, bins]`.
        chosen: `[draws, groups]`, see `draws`.

    Returns:
        Of the reference and of the current window, `[draws, bins]` each.
    """
    current = chosen @ counts
    return counts.sum(axis=0) - current, current


def shares(counts: Floats) -> Floats:
    """Smoothed shares `[..., bins]` of counts `[..., bins]`."""
    smooth = counts + SMOOTHING
    return np.asarray(smooth / smooth.sum(axis=-1, keepdims=True))


def stability_index(reference: Floats, current: Floats) -> Floats:
    """Population stability index `[...]` of shares `[..., bins]`.

    The sum of differences times differences of logarithms, which is the symmetric divergence of
    Kullback and Leibler (1951). By custom 0.1 is a change worth a look and 0.25 a large one
    (Siddiqi 2006, Credit Risk Scorecards).
    """
    return np.asarray(((current - reference) * np.log(current / reference)).sum(axis=-1))


def jensen_shannon(reference: Floats, current: Floats) -> Floats:
    """Jensen-Shannon divergence `[...]` in bits of shares `[..., bins]`; 0 to 1 (Lin 1991)."""
    middle = (reference + current) / 2
    parts = reference * np.log2(reference / middle) + current * np.log2(current / middle)
    return np.asarray(np.maximum(parts.sum(axis=-1) / 2, 0.0))


def held_out_scores(features: Floats, chosen: Floats, random: np.random.Generator) -> Floats:
    """What a classifier that has not seen a group says of it: larger for the current window.

    A classifier two-sample test (Lopez-Paz and Oquab 2017, arXiv:1610.06545), with a linear
    classifier by penalised least squares, which is Fisher's discriminant. Its held-out scores are
    linear in the labels, so one matrix for each fold serves all draws.

    Args:
        features: `[groups, features]`.
        chosen: `[draws, groups]`, see `draws`.
        random: of the folds.

    Returns:
        `[draws, groups]`.
    """
    groups = len(features)
    spread = features.std(axis=0)
    scaled = (features - features.mean(axis=0))[:, spread > 0] / spread[spread > 0]
    kernel = scaled @ scaled.T / max(scaled.shape[1], 1)
    folds = random.permutation(groups) % FOLDS
    scores = np.empty_like(chosen)
    centred = chosen - chosen.mean(axis=1, keepdims=True)
    for fold in range(min(FOLDS, groups)):
        held = folds == fold
        seen = ~held
        inner = kernel[np.ix_(seen, seen)] + RIDGE * np.eye(int(seen.sum()))
        weights = np.linalg.solve(inner, kernel[np.ix_(seen, held)])
        scores[:, held] = centred[:, seen] @ weights
    return scores


def separation(scores: Floats, chosen: Floats) -> Floats:
    """By how much the current window's mean score is above the other's, `[draws]`."""
    current = (scores * chosen).sum(axis=1) / chosen.sum(axis=1)
    rest = 1.0 - chosen
    return np.asarray(current - (scores * rest).sum(axis=1) / rest.sum(axis=1))


def area_under_curve(scores: Floats, current: npt.NDArray[np.bool_]) -> float:
    """Share of pairs, a group of each window, whose scores are the right way round.

    Ties count half. Unlike a share of right answers it does not ask for windows of one size; 0.5
    is chance.

    Args:
        scores: `[groups]`.
        current: which of them are of the current window, `[groups]`.
    """
    differences = scores[current][:, None] - scores[~current][None, :]
    return float(((differences > 0) + 0.5 * (differences == 0)).mean())


def significance(figures: Mapping[str, Floats]) -> Significance:
    """What the figures of the windows as they are come to, beside those of the draws.

    By the smallest p-value of each draw (Westfall and Young 1993, Resampling-Based Multiple
    Testing, single-step minP), which makes use of figures that go together.

    Args:
        figures: each `[draws]`, the windows as they are first, larger being further apart.
    """
    names = list(figures)
    table = np.stack([figures[name] for name in names], axis=1)
    count = len(table)
    ordered = np.sort(table, axis=0)
    # The share of draws that are as large, ties and the windows as they are included.
    p_values = np.stack(
        [
            (count - np.searchsorted(ordered[:, at], table[:, at] - 1e-12, side="left")) / count
            for at in range(len(names))
        ],
        axis=1,
    )
    smallest = np.sort(p_values.min(axis=1))
    adjusted = np.searchsorted(smallest, p_values[0] + 1e-12, side="right") / count
    return Significance(
        dict(zip(names, p_values[0].tolist(), strict=True)),
        dict(zip(names, adjusted.tolist(), strict=True)),
    )

"""Comparing two windows: how far apart, by more than chance, and by enough to matter."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

import numpy as np

from inference.drift.features import FEATURES, GROUP_TEXTS, WORDS, Counts, bin_name, places_of
from inference.drift.statistics import (
    Floats,
    area_under_curve,
    draws,
    held_out_scores,
    jensen_shannon,
    separation,
    shares,
    significance,
    split_counts,
    stability_index,
)

LEVEL: Final = 0.01
"""Share of windows without drift that raise it all the same, all features together."""
LEAST_INDEX: Final = 0.1
"""Stability index, beyond what chance gives, below which a difference is none to act upon: among
enough texts any two days differ by more than chance."""
LEAST_WORDS_INDEX: Final = 0.02
"""The same for words: a bucket holds thousands of them, in which most of a change averages out.
Tweets of another kind are 0.03 to 0.5 apart, those of the next day 0.01 (`docs/results.md`)."""
LEAST_AUC: Final = 0.75
"""The same for the classifier, which judges groups. Of single texts it could sort 55 in 100: if its
score is normal, that of a group's mean is the square root of the group's size further apart."""
DRAWS: Final = 1_999

LEAST_REFERENCE: Final = 10
LEAST_CURRENT: Final = 5
"""Groups without which nothing is compared: fewer can hardly differ by more than chance."""

CLASSIFIER: Final = "classifier"
_SEED: Final = 20_261_122
"""The same draws everywhere, so that replicas find the same and a page does not flicker."""

State = Literal["steady", "small", "drifted"]


@dataclass(frozen=True)
class Group:
    """The counts of `GROUP_TEXTS` texts.

    Attributes:
        ended_at: when the last of them came.
        counts: see `features.counts_of`.
    """

    ended_at: datetime
    counts: Counts


@dataclass(frozen=True)
class Bin:
    """A value of a feature, and its share of both windows."""

    name: str
    reference: float
    current: float


@dataclass(frozen=True)
class FeatureDrift:
    """How one feature changed.

    Attributes:
        feature: one of `features.FEATURES`.
        state: `steady` if chance explains it, `small` if it does not but nobody need act, or
            `drifted`.
        stability_index: population stability index.
        by_chance: what it would be on average without drift.
        jensen_shannon: divergence in bits, which the test is of.
        p_value: chance of as large a divergence without drift, all features taken together.
        bins: its values in their order.
    """

    feature: str
    state: State
    stability_index: float
    by_chance: float
    jensen_shannon: float
    p_value: float
    bins: tuple[Bin, ...]


@dataclass(frozen=True)
class ClassifierDrift:
    """What a classifier sees that is given all features together.

    Attributes:
        state: as for a feature.
        auc: of groups that it was not trained on; 0.5 is chance.
        p_value: chance of as good a separation without drift, all tests taken together.
    """

    state: State
    auc: float
    p_value: float


@dataclass(frozen=True)
class Comparison:
    """Two windows compared."""

    features: tuple[FeatureDrift, ...]
    classifier: ClassifierDrift

    @property
    def drifted(self) -> list[str]:
        """What drifted: names of features, and `CLASSIFIER`."""
        found = [item.feature for item in self.features if item.state == "drifted"]
        return found + [CLASSIFIER] * (self.classifier.state == "drifted")


def compare(reference: Sequence[Group], current: Sequence[Group]) -> Comparison | None:
    """Compare two windows of one model's traffic.

    Args:
        reference: at least `LEAST_REFERENCE` groups.
        current: at least `LEAST_CURRENT` groups.

    Returns:
        What was found; None if there are fewer groups than that.
    """
    if len(reference) < LEAST_REFERENCE or len(current) < LEAST_CURRENT:
        return None
    groups = [*reference, *current]
    random = np.random.default_rng(_SEED)
    chosen = draws(len(groups), len(current), DRAWS, random)
    tables = {feature: _table(groups, feature) for feature in FEATURES}
    tables = {feature: table for feature, table in tables.items() if table[1].any()}
    split = {
        feature: [shares(part) for part in split_counts(counts, chosen)]
        for feature, (_, counts) in tables.items()
    }
    figures = {feature: jensen_shannon(*parts) for feature, parts in split.items()}
    scores = held_out_scores(
        np.hstack([counts / GROUP_TEXTS for _, counts in tables.values()]), chosen, random
    )
    found = significance(figures | {CLASSIFIER: separation(scores, chosen)})
    features = []
    for feature, (places, _) in tables.items():
        index = stability_index(*split[feature])
        by_chance = float(index[1:].mean())
        p_value = found.adjusted[feature]
        least = LEAST_WORDS_INDEX if feature == WORDS else LEAST_INDEX
        features.append(
            FeatureDrift(
                feature=feature,
                state=_state(p_value, float(index[0]) - by_chance >= least),
                stability_index=float(index[0]),
                by_chance=by_chance,
                jensen_shannon=float(figures[feature][0]),
                p_value=p_value,
                bins=_bins(feature, places, *(part[0] for part in split[feature])),
            )
        )
    auc = area_under_curve(scores[0], chosen[0] > 0)
    p_value = found.adjusted[CLASSIFIER]
    return Comparison(
        tuple(features), ClassifierDrift(_state(p_value, auc >= LEAST_AUC), auc, p_value)
    )


def _table(groups: Sequence[Group], feature: str) -> tuple[list[str], Floats]:
    """The values of a feature, and how often each group has them: `[groups, values]`."""
    counted = [group.counts.get(feature, {}) for group in groups]
    places = places_of(feature, (place for counts in counted for place in counts))
    rows = [[counts.get(place, 0) for place in places] for counts in counted]
    return places, np.array(rows, np.float64).reshape(len(groups), len(places))


def _bins(feature: str, places: list[str], reference: Floats, current: Floats) -> tuple[Bin, ...]:
    return tuple(
        Bin(bin_name(feature, place), float(before), float(now))
        for place, before, now in zip(places, reference, current, strict=True)
    )


def _state(p_value: float, matters: bool) -> State:
    if p_value > LEVEL:
        return "steady"
    return "drifted" if matters else "small"

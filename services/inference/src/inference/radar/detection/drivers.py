"""What an episode is about: words that its negative tweets have more often than others.

Weighted log-odds ratios with an informative Dirichlet prior (Monroe, Colaresi and Quinn, Fightin'
Words, Political Analysis 16, 2008, equations 16 to 22), with a prior proportional to the words of
both sides. A score is a z-score: the difference of the log-odds, in its standard deviations.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

PRIOR_WORDS = 500.0
"""Size of the prior, in words."""
LEAST_SCORE = 1.96
MOST = 10


@dataclass(frozen=True)
class Driver:
    """A word, or a topic, that an episode has more of than usual.

    Attributes:
        name: the word.
        score: how sure that is, in standard deviations.
        count: how often the episode has it.
        usual_count: how often the time it is compared with has it.
        ratio: its odds in the episode, divided by those at other times.
    """

    name: str
    score: float
    count: int
    usual_count: int
    ratio: float


def drivers(
    episode: Mapping[str, int],
    usual: Mapping[str, int],
    *,
    episode_total: int | None = None,
    usual_total: int | None = None,
    most: int = MOST,
) -> list[Driver]:
    """The words that stand out most, at most `most`, highest score first.

    Args:
        episode: counts of words in the episode.
        usual: counts of words at other times.
        episode_total: count of all words of the episode, where not all of them are named.
        usual_total: the same at other times.
        most: how many to give.
    """
    names = sorted(name for name, count in episode.items() if count > 0)
    inside_total = max(sum(episode.values()), episode_total or 0)
    outside_total = max(sum(usual.values()), usual_total or 0)
    if not names or not outside_total:
        return []
    inside = np.array([episode[name] for name in names], np.float64)
    outside = np.array([usual.get(name, 0) for name in names], np.float64)
    prior = PRIOR_WORDS * (inside + outside) / (inside_total + outside_total)
    # Against all other words, of which there may be none.
    inside_odds = (inside + prior) / np.maximum(inside_total + PRIOR_WORDS - inside - prior, 0.5)
    outside_odds = (outside + prior) / np.maximum(
        outside_total + PRIOR_WORDS - outside - prior, 0.5
    )
    differences = np.log(inside_odds) - np.log(outside_odds)
    scores = differences / np.sqrt(1 / (inside + prior) + 1 / (outside + prior))
    best = [at for at in np.argsort(-scores, kind="stable") if scores[at] >= LEAST_SCORE][:most]
    return [
        Driver(
            name=names[at],
            score=float(scores[at]),
            count=int(inside[at]),
            usual_count=int(outside[at]),
            ratio=float(np.exp(differences[at])),
        )
        for at in best
    ]

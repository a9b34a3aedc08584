"""How right a service is, by the conventions of the literature."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from sklearn.metrics import f1_score

from trainer.baselines.service import Answer, BaselineError, Failure, Reply
from trainer.data.dataset import Labels
from trainer.data.table import SENTIMENTS
from trainer.evaluation.metrics import wilson_interval

NEUTRAL_IS_ERROR = "neutral_is_error"
"""Two labels: an answer of neutral or mixed is wrong."""

NEUTRAL_RESOLVED = "neutral_resolved"
"""Two labels: neutral or mixed becomes the larger of the scores of negative and positive."""

THREE_CLASSES = "three_classes"
"""Three labels: mixed becomes the largest of the three scores."""

NO_LABEL = -1


@dataclass(frozen=True)
class Score:
    """Figures of one convention; a text without an answer is never right.

    Attributes:
        accuracy: share of all texts labelled right.
        accuracy_low: lower end of its Wilson 95 % interval.
        accuracy_high: upper end.
        macro_f1: F1, averaged over the labels of the data.
    """

    accuracy: float
    accuracy_low: float
    accuracy_high: float
    macro_f1: float


@dataclass(frozen=True)
class Result:
    """What a service makes of labelled texts.

    Attributes:
        scores: by convention.
        answered: texts with an answer.
        failures: texts without one, by error code.
        sentiments: texts by the service's own answer.
        model: version or versions of the service's model, as it names them.
    """

    scores: dict[str, Score]
    answered: int
    failures: dict[str, int]
    sentiments: dict[str, int]
    model: str

    @property
    def failed(self) -> int:
        """Texts without an answer."""
        return sum(self.failures.values())

    def figures(self) -> dict[str, float]:
        """Every score by name, such as `neutral_resolved_macro_f1`."""
        return {
            f"{convention}_{name}": value
            for convention, score in self.scores.items()
            for name, value in asdict(score).items()
        }


def check_labels(labels: Sequence[str]) -> None:
    """Refuse data whose labels these services do not answer.

    Raises:
        BaselineError: the labels are not negative and positive, with or without neutral.
    """
    if set(labels) not in ({"negative", "positive"}, set(SENTIMENTS)):
        raise BaselineError(
            f"the data's labels are {', '.join(labels)}: sentiment services answer negative, "
            "neutral and positive"
        )


def score(truth: Labels, labels: Sequence[str], replies: Sequence[Reply]) -> Result:
    """Score replies by every convention that suits the labels.

    Args:
        truth: index of the right label `[texts]`.
        labels: label names, see `check_labels`.
        replies: one to each text.

    Raises:
        BaselineError: no text was answered.
    """
    answers = [reply for reply in replies if isinstance(reply, Answer)]
    failures = Counter(reply.code for reply in replies if isinstance(reply, Failure))
    if not answers:
        listed = ", ".join(f"{code} ({count})" for code, count in failures.most_common())
        raise BaselineError(f"no text was answered: {listed}")
    conventions = (THREE_CLASSES,) if "neutral" in labels else (NEUTRAL_IS_ERROR, NEUTRAL_RESOLVED)
    return Result(
        scores={name: _score(truth, labels, replies, name) for name in conventions},
        answered=len(answers),
        failures=dict(sorted(failures.items())),
        sentiments=dict(sorted(Counter(answer.sentiment for answer in answers).items())),
        model=", ".join(sorted({answer.model for answer in answers if answer.model})),
    )


def _score(
    truth: Labels, labels: Sequence[str], replies: Sequence[Reply], convention: str
) -> Score:
    predicted = np.array([_label(reply, labels, convention) for reply in replies], np.int64)
    right = int((predicted == truth).sum())
    low, high = wilson_interval(right, len(truth))
    macro_f1 = f1_score(
        truth, predicted, labels=range(len(labels)), average="macro", zero_division=0.0
    )
    return Score(right / len(truth), low, high, float(macro_f1))


def _label(reply: Reply, labels: Sequence[str], convention: str) -> int:
    """Index of the label that a reply comes to; `NO_LABEL` is right for no text.

    Equal scores go to the first label, which is negative: a radar misses nothing by it.
    """
    if isinstance(reply, Failure):
        return NO_LABEL
    if reply.sentiment in labels:
        return labels.index(reply.sentiment)
    if convention == NEUTRAL_IS_ERROR:
        return NO_LABEL
    return int(np.argmax([getattr(reply, label) for label in labels]))

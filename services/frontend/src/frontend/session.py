"""What one visitor is doing: plain objects kept in Streamlit's session state."""

from dataclasses import dataclass, field
from enum import Enum, auto

from frontend.api.answers import Explanation, Judgement, Prediction, Verdict
from frontend.batch.upload import Upload
from frontend.errors import ApiError
from frontend.outbox import Delivery, State


class Step(Enum):
    """Where the conversation about a prediction is."""

    ASKING = auto()
    CORRECTING = auto()
    ANSWERED = auto()


@dataclass
class Analysis:
    """A tweet, what the model says of it, and what the visitor says of that.

    Attributes:
        unexplained: why the prediction came without weights of words, if it did.
    """

    text: str
    prediction: Prediction | Explanation
    unexplained: ApiError | None = None
    step: Step = Step.ASKING
    delivery: Delivery | None = None

    def answer(
        self,
        judgement: Judgement,
        corrected_label: str | None,
        *,
        consent: bool,
        reviewer: str | None = None,
    ) -> Delivery | None:
        """Take the visitor's verdict.

        Args:
            judgement: whether the prediction is right.
            corrected_label: what it should have been, where the visitor knows.
            consent: whether the text may be kept.
            reviewer: the visitor's pseudonym.

        Returns:
            The delivery to send, or `None` when the same verdict has been given already: the
            second click of a double click, or a change of mind and back.
        """
        verdict = Verdict(
            prediction_id=self.prediction.id,
            verdict=judgement,
            corrected_label=corrected_label,
            text=self.text if consent else None,
            reviewer=reviewer,
        )
        self.step = Step.ANSWERED
        if self.delivery is not None:
            same = self.delivery.verdict == verdict
            if same and self.delivery.state is not State.REFUSED:
                return None
        self.delivery = Delivery(verdict)
        return self.delivery


@dataclass
class Session:
    """Everything kept between two runs of the page for one visitor.

    Attributes:
        requested: a tweet to analyse in this run.
        analysis: the tweet on show.
        failure: why the last analysis brought nothing, with its text in `failed_text`.
        earlier: verdicts on tweets no longer on show that have not arrived.
        upload: the file on the page for files.
        audited: verdicts given on the page of audits, oldest first.
        alert_failure: why the last handling of an alert brought nothing.
        reviewer: the pseudonym that goes with verdicts; empty without one.
    """

    requested: str | None = None
    analysis: Analysis | None = None
    failure: ApiError | None = None
    failed_text: str = ""
    earlier: list[Delivery] = field(default_factory=list)
    upload: Upload | None = None
    audited: list[Delivery] = field(default_factory=list)
    alert_failure: ApiError | None = None
    reviewer: str = ""

    def show(self, analysis: Analysis | None) -> None:
        """Put a tweet on show, or none; a verdict still on its way is kept in `earlier`."""
        if self.analysis is not None and self.analysis.delivery is not None:
            self.earlier.append(self.analysis.delivery)
        self.analysis = analysis
        self.failure, self.failed_text = None, ""

    def fail(self, text: str, failure: ApiError) -> None:
        """Note that a tweet could not be analysed; what was on show stays."""
        self.failure, self.failed_text = failure, text

    def unsettled(self) -> list[Delivery]:
        """Earlier verdicts that have not arrived; those that have are let go."""
        arrived = (State.DELIVERED, State.QUEUED)
        self.earlier = [item for item in self.earlier if item.state not in arrived]
        return self.earlier

    def is_waiting(self) -> bool:
        """Whether any verdict of this visitor is still to be delivered."""
        current = [self.analysis.delivery] if self.analysis and self.analysis.delivery else []
        return any(item.state is State.WAITING for item in [*current, *self.earlier, *self.audited])

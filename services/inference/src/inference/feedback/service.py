"""Verdicts: checked against their prediction, kept once, kept with their history."""

import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from sqlalchemy import Connection

from inference.feedback import audit, labelled, queued, repository
from inference.feedback.audit import Place, Wanted
from inference.feedback.history import history
from inference.feedback.labelled import Cursor
from inference.feedback.queued import SentText
from inference.feedback.repository import JudgedPrediction, KeptVerdict
from inference.feedback.schemas import (
    AuditPage,
    Drawn,
    FeedbackAnswer,
    FeedbackRequest,
    KeptPrediction,
    LabelledPage,
    QueuedFeedback,
)
from inference.problems import Failure, ServiceError, unknown_label
from inference.store.backlog import Waiting
from inference.store.store import Store
from inference.telemetry.events import GivenVerdict
from inference.texts import Fingerprints, check_text, keepable

StoreText = Literal["none", "audit", "all"]

HINTS: Final[Mapping[StoreText, str | None]] = {
    "none": "no text is kept: start the API with STORE_TEXT=audit for those of random audits, or "
    "with STORE_TEXT=all; a verdict with consent brings its own",
    "audit": "only texts of random audits are kept: start the API with STORE_TEXT=all for others",
    "all": None,
}
"""How to have texts to judge by; what was predicted before stays without."""


class FeedbackService:
    """Takes verdicts. Its work waits for the database, so it belongs in a thread."""

    def __init__(
        self,
        store: Store,
        fingerprints: Fingerprints,
        max_text_characters: int,
        store_text: StoreText,
        on_verdict: Callable[[GivenVerdict], None],
    ) -> None:
        """Take up the verdicts that wait in the store.

        Args:
            store: has the predictions, and gets the verdicts.
            fingerprints: tell whether a text is the one that was predicted.
            max_text_characters: longest text.
            store_text: whose texts are kept with predictions.
            on_verdict: called with each verdict that changed something; neither waits nor fails.
        """
        self._on_verdict = on_verdict
        self._store = store
        self._store_text = store_text
        self._fingerprints = fingerprints
        self._max_text_characters = max_text_characters
        store.replay_with(self._judge_later)

    def judge(
        self, request: FeedbackRequest, reviewer_key: str | None = None
    ) -> FeedbackAnswer | QueuedFeedback:
        """Keep a verdict, unless it adds nothing to the one that stands.

        That is so if it says the same, or skips what somebody else has judged: who cannot say takes
        nothing from who could. Audits and other verdicts are two kinds, each with one that stands:
        see `feedback.standing`.

        Args:
            request: the verdict.
            reviewer_key: name of the access key under which it is given.

        Returns:
            The verdict that stands, or the one that waits until the store can check it.

        Raises:
            ServiceError: the prediction is not known, the label or the text does not fit it, there
                is a text without consent, or the verdict can be neither stored nor queued.
        """
        if request.text is not None and not request.consent:
            raise ServiceError(
                Failure.CONSENT_MISSING, "send the text with consent: true, or leave it out"
            )
        if request.consent and request.text is None:
            raise ServiceError(Failure.INVALID_REQUEST, "consent goes with the text to be kept")
        if request.text is not None:
            check_text(request.text, self._max_text_characters)
        text = self._sent_text(request.text)
        if request.corrected_label is not None and request.verdict != "rejected":
            raise ServiceError(
                Failure.UNKNOWN_LABEL, "corrected_label goes with the verdict rejected only"
            )
        given: list[GivenVerdict] = []
        done = self._store.run_on(
            request.prediction_id,
            lambda connection: self._judge(connection, request, text, reviewer_key, given),
            queued.body_of(request, reviewer_key, text),
            text.kept if text else None,
        )
        if given and not isinstance(done, Waiting):
            self._on_verdict(given[-1])
        return queued.answer_of(request, done) if isinstance(done, Waiting) else done

    def labelled(self, after: str | None, limit: int) -> LabelledPage:
        """A page of what verdicts say about texts that are kept; see `feedback.labelled.page`.

        Raises:
            ServiceError: the cursor is none, or the store does not answer.
        """
        cursor = Cursor.parse(after) if after is not None else None
        return self._store.run(
            lambda connection: labelled.page(connection, cursor, limit), read_only=True
        )

    def audit(
        self,
        *,
        drawn: Drawn | None,
        reviewer: str | None,
        days: int,
        with_text: bool,
        after: str | None,
        limit: int,
    ) -> AuditPage:
        """A page of predictions to judge next; see `feedback.audit.page`.

        Raises:
            ServiceError: the place is none, or the store does not answer.
        """
        place = Place.parse(after) if after is not None else None
        since = datetime.now(UTC) - timedelta(days=days)
        wanted = Wanted(since, reviewer=reviewer, drawn=drawn, with_text=with_text)
        items, last = self._store.run(
            lambda connection: audit.page(connection, wanted, place, limit), read_only=True
        )
        return AuditPage(
            items=items,
            next=str(last) if last else None,
            texts_kept=self._store_text,
            hint=HINTS[self._store_text],
        )

    def history(self, prediction_id: uuid.UUID) -> KeptPrediction:
        """A prediction, and all that was said of it.

        Raises:
            ServiceError: it is not known, or the store does not answer.
        """
        found = self._store.run_where_held(
            prediction_id, lambda connection: history(connection, prediction_id)
        )
        if found is None:
            raise ServiceError(Failure.UNKNOWN_PREDICTION, "no prediction has this id")
        return found

    def _judge_later(self, connection: Connection, waiting: Waiting) -> None:
        """Keep a verdict that waited, at its time.

        A second try finds it there, and so changes nothing, whatever came after it. It is told
        before it is committed, so one whose commit fails is told twice.
        """
        request, reviewer_key, text = queued.request_of(waiting)
        given: list[GivenVerdict] = []
        self._judge(connection, request, text, reviewer_key, given, waiting.created_at)
        for verdict in given:
            self._on_verdict(verdict)

    def _sent_text(self, text: str | None) -> SentText | None:
        return None if text is None else SentText(self._fingerprints.of(text), keepable(text))

    def _judge(
        self,
        connection: Connection,
        request: FeedbackRequest,
        text: SentText | None,
        reviewer_key: str | None,
        given: list[GivenVerdict],
        given_at: datetime | None = None,
    ) -> FeedbackAnswer:
        """Keep a verdict; `given` gets it if it is not the one that stands already."""
        prediction = repository.locked_prediction(connection, request.prediction_id)
        if prediction is None:
            raise ServiceError(Failure.UNKNOWN_PREDICTION, "no prediction has this prediction_id")
        _check_label(request, prediction)
        if text is not None and text.hmac != prediction.text_hmac:
            raise ServiceError(
                Failure.TEXT_MISMATCH, "send exactly the text that was predicted, or leave it out"
            )
        audit = request.blind and prediction.audit
        stands = repository.latest_verdict(connection, request.prediction_id, given_at, audit=audit)
        if stands is None or _adds(connection, request, stands, reviewer_key, audit=audit):
            latest = repository.latest_verdict(connection, request.prediction_id, given_at)
            stands = repository.add_verdict(
                connection, request, latest, reviewer_key, given_at, audit=audit
            )
            given.append(_given(request, prediction))
        kept = repository.has_consented_text(connection, request.prediction_id)
        if text is not None and not kept:
            repository.add_consented_text(connection, request.prediction_id, text.kept)
            kept = True
        return FeedbackAnswer(
            prediction_id=request.prediction_id,
            verdict=stands.verdict,
            corrected_label=stands.corrected_label,
            revision=stands.revision,
            created_at=stands.created_at,
            text_kept=kept,
        )


def _adds(
    connection: Connection,
    request: FeedbackRequest,
    latest: KeptVerdict,
    reviewer_key: str | None,
    *,
    audit: bool,
) -> bool:
    """Whether a verdict is to be kept beside the one of its kind that stands.

    Each reviewer may skip a prediction once, and take back a verdict of their own by skipping it.
    """
    if request.verdict != "skipped":
        said = (request.verdict, request.corrected_label)
        return (latest.verdict, latest.corrected_label) != said
    if latest.verdict != "skipped":
        return latest.by == (request.reviewer, reviewer_key)
    return not repository.has_skipped(
        connection, request.prediction_id, request.reviewer, audit=audit
    )


def _given(request: FeedbackRequest, prediction: JudgedPrediction) -> GivenVerdict:
    return GivenVerdict(
        prediction_id=request.prediction_id,
        model_name=prediction.model_name,
        model_version=prediction.model_version,
        predicted_label=prediction.label,
        confidence=prediction.confidence,
        language=prediction.language,
        verdict=request.verdict,
        corrected_label=request.corrected_label,
        channel=request.channel,
    )


def _check_label(request: FeedbackRequest, prediction: JudgedPrediction) -> None:
    label = request.corrected_label
    if label is None:
        return
    if label not in prediction.labels:
        raise unknown_label("corrected_label", prediction.labels)
    if label == prediction.label:
        raise ServiceError(
            Failure.UNKNOWN_LABEL,
            "corrected_label is what was predicted: confirm the prediction, or name another label",
        )

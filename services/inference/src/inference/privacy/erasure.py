"""Erasing what is kept of a tweet."""

import logging
import uuid
from collections import Counter

from inference.logging import fields
from inference.privacy.schemas import ErasureAnswer
from inference.store.erasing import Target, hmac_of
from inference.store.store import Store
from inference.texts import Fingerprints, check_text

_log = logging.getLogger(__name__)


class ErasureService:
    """Erases by id or by text. Its work waits for the database, so it belongs in a thread.

    Each erasure leaves a line in the log that says how much, and under which key; neither what nor
    whose.
    """

    def __init__(self, store: Store, fingerprints: Fingerprints, max_text_characters: int) -> None:
        self._store = store
        self._fingerprints = fingerprints
        self._max_text_characters = max_text_characters

    def erase_prediction(
        self, prediction_id: uuid.UUID, key: str | None, *, same_text: bool = False
    ) -> ErasureAnswer:
        """Erase a prediction with its text, its verdicts, and all else that hangs on it.

        Args:
            prediction_id: of the prediction; one that is not there is no failure.
            key: name of the access key under which that is asked.
            same_text: erase all other predictions of its text, and the radar's samples of it, too.

        Raises:
            ServiceError: (store unavailable) the store does not answer; ask again.
        """
        rows: Counter[str] = Counter()
        if same_text:
            found = self._store.run_everywhere(
                lambda connection: hmac_of(connection, prediction_id)
            )
            for text_hmac in {one for one in found if one is not None}:
                rows.update(self._store.erase(Target(text_hmac=text_hmac)))
        rows.update(self._store.erase(Target(prediction_id=prediction_id)))
        return self._answer("prediction", rows, key)

    def erase_text(self, text: str, key: str | None) -> ErasureAnswer:
        """Erase all predictions of a text, with what hangs on them, and the radar's samples of it.

        Args:
            text: found by its keyed fingerprint, since what is kept of it is redacted, or nothing.
            key: name of the access key under which that is asked.

        Raises:
            ServiceError: the text cannot have been predicted, or the store does not answer.
        """
        check_text(text, self._max_text_characters)
        rows = self._store.erase(Target(text_hmac=self._fingerprints.of(text)))
        return self._answer("text", rows, key)

    def forget_text(self, prediction_id: uuid.UUID, key: str | None) -> ErasureAnswer:
        """Remove what is kept of a prediction's text, for whatever reason; the rest stays.

        Args:
            prediction_id: of the prediction; one that is not there is no failure.
            key: name of the access key under which that is asked.

        Raises:
            ServiceError: (store unavailable) the store does not answer; ask again.
        """
        rows = Counter({"kept_texts": self._store.forget_text(prediction_id)})
        return self._answer("consent", rows, key)

    def _answer(self, by: str, rows: Counter[str], key: str | None) -> ErasureAnswer:
        erased = {table: count for table, count in sorted(rows.items()) if count}
        scrubbed = self._store.scrub()
        _log.warning("erased", extra=fields(by=by, rows=erased, scrubbed=scrubbed, key=key))
        return ErasureAnswer(erased=erased, scrubbed=scrubbed)

"""Erasing what is kept of a tweet."""

import logging
import uuid
from collections import Counter
from collections.abc import Collection

from inference.logging import fields
from inference.privacy.schemas import ErasureAnswer
from inference.radar.forgetting import forget_mention, forget_words_of_text, tokens_of
from inference.radar.mentions import identity_of_id
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
            same_text: erase everything else of its text too, the radar's mentions of it included.

        Raises:
            ServiceError: (store unavailable) the store does not answer; ask again.
        """
        rows: Counter[str] = Counter()
        if same_text:
            found = self._store.run_everywhere(
                lambda connection: hmac_of(connection, prediction_id)
            )
            for text_hmac in {one for one in found if one is not None}:
                rows.update(self._erase_everywhere(text_hmac, None))
        rows.update(self._store.erase(Target(prediction_id=prediction_id)))
        return self._answer("prediction", rows, key)

    def erase_text(self, text: str, key: str | None) -> ErasureAnswer:
        """Erase all predictions and mentions of a text, with what hangs on them.

        Args:
            text: found by its keyed fingerprint, since what is kept of it is redacted, or nothing.
            key: name of the access key under which that is asked.

        Raises:
            ServiceError: the text cannot have been predicted, or the store does not answer.
        """
        check_text(text, self._max_text_characters)
        tokens = tokens_of(text, self._fingerprints)
        rows = self._erase_everywhere(self._fingerprints.of(text), tokens)
        return self._answer("text", rows, key)

    def erase_mention(self, mention_id: str, key: str | None) -> ErasureAnswer:
        """Erase what the radar has of one mention, its counts apart.

        Args:
            mention_id: the source's own; one that is not there is no failure.
            key: name of the access key under which that is asked.

        Raises:
            ServiceError: no mention can have that id, or the store does not answer.
        """
        check_text(mention_id, self._max_text_characters)
        identity = identity_of_id(mention_id, self._fingerprints)
        rows = self._store.run(
            lambda connection: forget_mention(connection, identity, self._fingerprints)
        )
        return self._answer("mention", rows, key)

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

    def _erase_everywhere(self, text_hmac: str, tokens: Collection[bytes] | None) -> Counter[str]:
        return self._store.erase(
            Target(text_hmac=text_hmac),
            lambda connection: forget_words_of_text(connection, text_hmac, tokens),
        )

    def _answer(self, by: str, rows: Counter[str], key: str | None) -> ErasureAnswer:
        erased = {table: count for table, count in sorted(rows.items()) if count}
        scrubbed = self._store.scrub()
        _log.warning("erased", extra=fields(by=by, rows=erased, scrubbed=scrubbed, key=key))
        return ErasureAnswer(erased=erased, scrubbed=scrubbed)

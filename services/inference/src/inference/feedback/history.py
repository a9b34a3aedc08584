"""One prediction, and all that was said of it."""

import uuid

from sqlalchemy import Connection, select

from inference.feedback.schemas import GivenBefore, KeptPrediction
from inference.store.tables import KEPT_TEXTS, PREDICTIONS, VERDICTS


def history(connection: Connection, prediction_id: uuid.UUID) -> KeptPrediction | None:
    """A prediction with its verdicts and what is kept of its text; None if there is none."""
    columns = PREDICTIONS.c
    asked = select(
        *(columns.id, columns.created_at, columns.model_name, columns.model_version),
        *(columns.label, columns.probabilities, columns.uncertain, columns.truncated),
        *(columns.token_count, columns.audit),
    ).where(columns.id == prediction_id)
    row = connection.execute(asked).mappings().one_or_none()
    if row is None:
        return None
    said = (
        select(VERDICTS)
        .where(VERDICTS.c.prediction_id == prediction_id)
        .order_by(VERDICTS.c.revision)
    )
    kept = (
        select(KEPT_TEXTS.c.reason, KEPT_TEXTS.c.text)
        .where(KEPT_TEXTS.c.prediction_id == prediction_id)
        .order_by(KEPT_TEXTS.c.reason)
    )
    texts = connection.execute(kept).all()
    return KeptPrediction(
        **row,
        text=texts[0].text if texts else None,
        kept_for=[item.reason for item in texts],
        verdicts=[
            GivenBefore.model_validate(dict(item)) for item in connection.execute(said).mappings()
        ],
    )

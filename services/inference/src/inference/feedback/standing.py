"""Which verdicts stand, of the two kinds that a prediction may have.

Audits are given blind, on predictions drawn at random; all others by somebody who saw the model's
answer. What an audit says must not depend on whether others happened to judge the same, so each
kind has a newest one of its own, which quality counts. For all else the two are one history.
"""

from sqlalchemy import ColumnElement, exists, or_

from inference.store.tables import VERDICTS


def stands() -> ColumnElement[bool]:
    """Whether no newer verdict takes the place of one, for whoever does not tell the kinds apart.

    Any judgement takes the place of an older one, and a skip of the same kind does; who skips an
    audit takes nothing from who judged the prediction elsewhere.
    """
    newer = VERDICTS.alias("newer")
    return ~exists().where(
        newer.c.prediction_id == VERDICTS.c.prediction_id,
        newer.c.revision > VERDICTS.c.revision,
        or_(newer.c.verdict != "skipped", newer.c.audit == VERDICTS.c.audit),
    )


def newest_of_its_kind() -> ColumnElement[bool]:
    """Whether a verdict is the newest audit of its prediction, or the newest that is none."""
    newer = VERDICTS.alias("newer")
    return ~exists().where(
        newer.c.prediction_id == VERDICTS.c.prediction_id,
        newer.c.revision > VERDICTS.c.revision,
        newer.c.audit == VERDICTS.c.audit,
    )

"""What keys can allow."""

from enum import StrEnum


class Scope(StrEnum):
    """What a key allows; none of them includes another."""

    PREDICT = "predict"
    FEEDBACK = "feedback"
    ADMIN = "admin"

"""Settings of how long things are kept."""

from pydantic import Field
from pydantic_settings import BaseSettings


class PrivacySettings(BaseSettings):
    """Settings of retention; see `inference.settings.Settings`."""

    text_retention_days: int = Field(
        default=30,
        ge=1,
        le=3_650,
        description="days that a text is kept, whatever it is kept for; it is removed within "
        "15 minutes after that",
    )
    prediction_retention_days: int = Field(
        default=0,
        ge=0,
        le=3_650,
        description="days that a prediction is kept, with its text and its verdicts; 0: for ever",
    )

"""Settings of drift."""

from pydantic import Field
from pydantic_settings import BaseSettings


class DriftSettings(BaseSettings):
    """Part of the API's settings."""

    drift_samples_per_minute: float = Field(
        default=15.0,
        ge=0,
        le=6_000,
        description="texts that each process counts a minute, without keeping them, to see drift; "
        "the first 5,000 of a busy time beside that; 0: none",
    )
    drift_window_hours: float = Field(
        default=24.0,
        gt=0,
        le=744,
        description="time back from now that is compared with how the model's traffic began",
    )
    drift_days: int = Field(
        default=60,
        ge=1,
        le=400,
        description="days that these counts are kept, the first ones apart",
    )

"""What is asked and answered about explanations."""

from pydantic import BaseModel, ConfigDict, Field

from inference.prediction.schemas import MAX_LABEL, TRUNCATE, PredictionAnswer


class ExplainRequest(BaseModel):
    """One tweet, and what of it to explain."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field(examples=["Three hours late and nobody says a word @AirParadis"])
    label: str | None = Field(
        default=None,
        max_length=MAX_LABEL,
        description="the label whose log-odds are explained; without it, the one predicted",
    )
    truncate: bool = Field(default=True, description=TRUNCATE)


class WordWeight(BaseModel):
    """What one word adds; the word itself is `text[start:end]` of what was sent."""

    start: int = Field(
        ge=0,
        description="where it begins in the text that was sent, counted in Unicode code points: "
        "not bytes, and not the UTF-16 units of JavaScript",
    )
    end: int = Field(ge=0, description="where it has ended, counted likewise")
    weight: float = Field(
        description="what it adds to the log-odds, on average over all orders in which words "
        "could come in; below 0: it speaks against the label"
    )
    standard_error: float = Field(ge=0, description="of the weight; 0 if it is exact")


class ExplanationAnswer(PredictionAnswer):
    """What the model says of one tweet, and which words make it say so.

    The weights add up to `log_odds - base_log_odds`.
    """

    explained_label: str
    log_odds: float = Field(
        description="natural logarithm of the label's probability over that of the other labels "
        "together; probabilities below 1.2e-38 count as that"
    )
    base_log_odds: float = Field(description="the same, of a text without any word")
    words: list[WordWeight] = Field(
        description="in the order of the text: what white space separates, every emoji by itself"
    )
    grouped: bool = Field(
        description="the text is long: neighbouring words were taken together and share a weight"
    )
    exact: bool = Field(
        description="the weights are the Shapley values; false: estimates from some orders, the "
        "same for the same text"
    )
    evaluated: int = Field(description="texts that were computed besides the tweet itself")

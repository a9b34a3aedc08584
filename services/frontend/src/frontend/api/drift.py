"""What the API says of tweets that are not as they were."""

from typing import Literal

from frontend.api.answers import Answer, Count

State = Literal["steady", "small", "drifted"]


class Window(Answer):
    """Texts that were counted, and how many it takes to compare."""

    texts: Count
    needed: Count


class Feature(Answer):
    """How one feature changed; `by_chance` is what its index would be without drift."""

    feature: str
    state: State
    stability_index: float
    by_chance: float
    p_value: float


class Drift(Answer):
    """Traffic now, compared with what it was."""

    state: Literal["too-few", "steady", "drifted"]
    reference: Window
    current: Window
    features: tuple[Feature, ...]

"""The challenger: a second model beside the one that serves, for a share of the requests."""

import random
from typing import Literal

from inference.model.figures import ChallengerFigures
from inference.model.serving import FollowingState, ServedModel, ServingModel

ALIAS = "challenger"
ChallengerMode = Literal["off", "shadow", "canary"]
ChallengerState = FollowingState | Literal["off", "labels-differ", "same-model"]


class Challenger:
    """Decides for which requests the challenger is asked, and whether it can be."""

    def __init__(
        self,
        serving: ServingModel,
        figures: ChallengerFigures,
        *,
        mode: ChallengerMode,
        share: float,
    ) -> None:
        """Decide.

        Args:
            serving: holds the challenger; nothing ever serves in it while the mode is off.
            figures: counts the requests that fell to a challenger that could not be asked.
            mode: whether it computes copies of requests, answers them, or neither.
            share: of the requests.
        """
        self.serving = serving
        self.mode: ChallengerMode = mode
        self.share = share
        self._figures = figures
        self._random = random.SystemRandom()

    def state(self, champion: ServedModel | None) -> ChallengerState:
        """How far it is: in step with its alias, and fit to stand beside the champion."""
        current = self.serving.current
        if self.mode == "off":
            return "off"
        if current is None or champion is None:
            return self.serving.following.state
        if current.identity == champion.identity:
            return "same-model"
        if set(current.bundle.manifest.labels) != set(champion.bundle.manifest.labels):
            return "labels-differ"
        return self.serving.following.state

    def drawn(self, mode: ChallengerMode, champion: ServedModel) -> ServedModel | None:
        """The challenger, if one request falls to it in some mode and it can be asked."""
        if mode != self.mode or self._random.random() >= self.share:
            return None
        current, state = self.serving.current, self.state(champion)
        if current is None or state in ("same-model", "labels-differ"):
            if state in ("labels-differ", "failing"):
                self._figures.failed("labels" if state == "labels-differ" else "not-loaded")
            return None
        return current

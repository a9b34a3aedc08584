"""The models as operators see them: what serves, and changing it at once."""

import asyncio
import math
from concurrent.futures import ThreadPoolExecutor

from inference.model.background import give_way
from inference.model.challenger import Challenger
from inference.model.follower import Follower
from inference.model.schemas import ChallengerAnswer, FollowingAnswer, ModelAnswer
from inference.model.serving import ServingModel
from inference.problems import Failure, ServiceError

RELOAD_SECONDS = 60.0
"""How long a reload is waited for: enough to fetch a large model; proxies wait longer than that."""


class ModelService:
    """Reloads, rolls back and describes."""

    def __init__(
        self,
        serving: ServingModel,
        follower: Follower,
        challenger: Challenger,
        challenger_follower: Follower | None,
    ) -> None:
        self._serving = serving
        self._follower = follower
        self._challenger = challenger
        self._followers = [item for item in (follower, challenger_follower) if item]
        # Not the follower's: that may be in a download, and going back must not wait for it.
        self._thread = ThreadPoolExecutor(
            1, thread_name_prefix="model-rollback", initializer=give_way
        )

    def start(self) -> None:
        """Begin to follow."""
        for follower in self._followers:
            follower.start()

    def close(self) -> None:
        """Follow no more."""
        for follower in self._followers:
            follower.stop()
        self._thread.shutdown(wait=False)

    async def reload(self) -> ModelAnswer:
        """Look at the sources now, and wait for what comes of it; the challenger's failure is none.

        Raises:
            ServiceError: (model not reloaded) the source gives nothing that can be served; (reload
                unfinished) it takes long and goes on. What served before serves.
        """
        looks = [asyncio.wrap_future(follower.reload()) for follower in self._followers]
        await asyncio.wait(looks, timeout=RELOAD_SECONDS)
        current = self._serving.current
        serves = f"version {current.version} goes on serving" if current else "nothing serves"
        if not looks[0].done():
            raise ServiceError(
                Failure.RELOAD_UNFINISHED,
                f"not done within {RELOAD_SECONDS:g} s; it goes on, and GET /v1/model says what "
                f"came of it; {serves}",
            )
        if reason := looks[0].result():
            raise ServiceError(Failure.MODEL_NOT_RELOADED, f"{reason}; {serves}")
        return self.describe()

    async def roll_back(self) -> ModelAnswer:
        """Serve the model before, on this replica, until the source names another or a reload.

        Raises:
            ServiceError: (no previous model) there is none.
        """
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._thread, self._follower.roll_back)
        return self.describe()

    def describe(self) -> ModelAnswer:
        """The model that serves, its figures, and whether it is in step with its source.

        Raises:
            ServiceError: (model unavailable) there is none.
        """
        served = self._serving.require()
        manifest = served.bundle.manifest
        return ModelAnswer(
            name=served.name,
            version=served.version,
            alias=served.alias,
            source=served.source,
            precision=served.bundle.precision,
            fallback=served.fallback,
            recipe=manifest.recipe,
            family=manifest.family,
            labels=list(manifest.labels),
            languages=list(manifest.languages),
            demonstration=manifest.training_data.is_sample,
            # A figure may be undefined, such as the AUC of a class that the test split lacks.
            metrics={
                name: value if math.isfinite(value) else None
                for name, value in manifest.metrics.items()
            },
            training_data=manifest.training_data,
            max_length=manifest.max_length,
            loaded_at=served.loaded_at,
            previous_version=self._follower.previous_version,
            following=FollowingAnswer.model_validate(self._serving.following, from_attributes=True),
            challenger=self._describe_challenger(),
        )

    def _describe_challenger(self) -> ChallengerAnswer | None:
        challenger = self._challenger
        if challenger.mode == "off":
            return None
        served = challenger.serving.current
        return ChallengerAnswer(
            mode=challenger.mode,
            share=challenger.share,
            state=challenger.state(self._serving.current),
            last_error=challenger.serving.following.last_error,
            name=served.name if served else None,
            version=served.version if served else None,
            precision=served.bundle.precision if served else None,
        )

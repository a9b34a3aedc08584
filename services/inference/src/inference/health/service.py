"""Whether requests would be answered: tried, not assumed."""

import asyncio
from collections.abc import Callable

from contract.goldens import GOLDEN_TEXTS
from inference.access.service import Access
from inference.draining import Draining
from inference.health.schemas import Alive, Ready
from inference.model.serving import ServingModel
from inference.prediction import path
from inference.problems import Failure, ServiceError
from inference.scheduling.scheduler import Scheduler
from inference.store.store import Store

CANARY = GOLDEN_TEXTS[0]
CHECK_SECONDS = 10.0


class HealthService:
    """Tries a prediction, the store, and whether keys can be told apart."""

    def __init__(
        self,
        serving: ServingModel,
        store: Store,
        access: Access,
        scheduler: Scheduler,
        draining: Draining,
    ) -> None:
        self._serving = serving
        self._store = store
        self._access = access
        self._scheduler = scheduler
        self._draining = draining

    def alive(self) -> Alive:
        """Look whether the threads that compute are all there.

        Raises:
            ServiceError: (not ready) one has died and is not replaced yet, or is stuck.
        """
        if not self._scheduler.healthy:
            raise ServiceError(Failure.NOT_READY, "a computing thread has died or is stuck")
        return Alive()

    async def ready(self) -> Ready:
        """Try all.

        Raises:
            ServiceError: (not ready) any of them fails, and `checks` has the reason of each; or
                the service is about to end.
        """
        if self._draining.begun:
            raise ServiceError(Failure.NOT_READY, "the service is shutting down")
        model, store, access = await asyncio.gather(
            _problem_of(self._predict_canary),
            _problem_of(self._store.check),
            _problem_of(self._access.check),
        )
        if model or store or access:
            checks = {"model": model or "ok", "store": store or "ok", "access": access or "ok"}
            detail = "; ".join(f"{name}: {why}" for name, why in checks.items() if why != "ok")
            raise ServiceError(Failure.NOT_READY, detail, members={"checks": checks})
        served = self._serving.require()
        return Ready(model_name=served.name, model_version=served.version)

    def _predict_canary(self) -> None:
        path.whole(self._serving.require().bundle, CANARY)


async def _problem_of(check: Callable[[], None]) -> str | None:
    try:
        # Not in the workers' threads: a full queue there is a busy service, not a broken one.
        await asyncio.wait_for(asyncio.to_thread(check), CHECK_SECONDS)
    except ServiceError as error:
        return error.detail
    except TimeoutError:
        return f"no answer within {CHECK_SECONDS:g} s"
    return None

"""Threads that compute predictions, and the bound on how many requests wait for them."""

import asyncio
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from typing import ParamSpec, TypeVar

from inference.problems import Failure, ServiceError

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def available_cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Workers:
    """As many threads as cores, each calling the graph with one thread of its own.

    Routes are coroutines that hand the computing to these threads. Plain functions as routes would
    hold one of the framework's 40 threads through the wait for the commit as well, and would run
    40 graphs on a few cores; here waiting costs no thread, and the cores' number bounds the work.
    """

    def __init__(self, threads: int, max_waiting: int) -> None:
        """Start no thread yet.

        Args:
            threads: predictions computed at the same time; 0 means one per core.
            max_waiting: the most requests admitted at the same time.
        """
        self.threads = threads or available_cores()
        self._max_waiting = max_waiting
        self._admitted = 0
        self._executor = ThreadPoolExecutor(self.threads, thread_name_prefix="predict")

    @contextmanager
    def admission(self) -> Iterator[None]:
        """Take a whole request in; only from the event loop's thread.

        Raises:
            ServiceError: (overloaded) too many are in already.
        """
        if self._admitted >= self._max_waiting:
            raise ServiceError(
                Failure.OVERLOADED,
                f"{self._admitted} requests are waiting already; try again shortly",
                headers={"Retry-After": "1"},
            )
        self._admitted += 1
        try:
            yield
        finally:
            self._admitted -= 1

    async def run(
        self,
        work: Callable[Parameters, Result],
        *args: Parameters.args,
        **kwargs: Parameters.kwargs,
    ) -> Result:
        """Do some work of an admitted request in one of the threads."""
        context = copy_context()  # so that its log lines carry the request's id
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            self._executor, lambda: context.run(work, *args, **kwargs)
        )

    def close(self) -> None:
        """End the threads when their work is done."""
        self._executor.shutdown(wait=True)

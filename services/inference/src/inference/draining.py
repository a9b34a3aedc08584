"""The end of the service: not ready first, then deaf, and gone when all is answered."""

import signal
import time
from types import FrameType

import uvicorn


class Draining:
    """Whether the end has begun."""

    def __init__(self) -> None:
        self.begun = False


class DrainingServer(uvicorn.Server):
    """Uvicorn, which on SIGTERM goes on taking requests for a moment.

    Uvicorn itself stops listening at once, and closes connections on which no request is being
    answered, while whoever sends requests here has yet to find out. In that moment readiness says
    so, and answers ask their clients to close their connections.
    """

    def __init__(self, config: uvicorn.Config, draining: Draining, seconds: float) -> None:
        """Prepare to serve.

        Args:
            config: uvicorn's.
            draining: is told when the end begins.
            seconds: how long requests are taken from then on.
        """
        super().__init__(config)
        self._draining = draining
        self._seconds = seconds
        self._leave_at: float | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Take a signal; a second one, or Ctrl-C, ends at once."""
        if sig != signal.SIGTERM or self._draining.begun:
            super().handle_exit(sig, frame)
            return
        self._draining.begun = True
        self._leave_at = time.monotonic() + self._seconds

    async def on_tick(self, counter: int) -> bool:
        """Look, ten times a second, whether to end."""
        if self._leave_at is not None and time.monotonic() >= self._leave_at:
            self.should_exit = True
        return await super().on_tick(counter)

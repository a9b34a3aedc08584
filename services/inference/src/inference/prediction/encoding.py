"""Texts to ids: at once where that is quick, in a thread where it would keep others waiting."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from contract.bundle import Bundle
from contract.encoding import Encoded
from inference.prediction import path

QUICK_CHARACTERS = 1_000
"""Texts of this length together take less than the way to a thread and back costs a busy process:
about a millisecond."""


class TextEncoding:
    """Encodes texts for the event loop's thread without holding it up."""

    def __init__(self) -> None:
        # One: it mostly runs Python, of which no second would run at the same time.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="encode")

    async def encode(self, bundle: Bundle, texts: Sequence[str]) -> list[Encoded]:
        """The ids of texts that `check_text` has accepted."""
        if sum(map(len, texts)) <= QUICK_CHARACTERS:
            return path.before(bundle, texts)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, path.before, bundle, texts)

    def close(self) -> None:
        """End the thread when its work is done."""
        self._thread.shutdown()

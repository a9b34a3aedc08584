"""Texts to ids: at once where that is quick, in a thread where it would keep others waiting."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from contract.bundle import Bundle
from contract.encoding import Encoded
from inference.prediction import path
from inference.tracing.record import part

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
        with part("tokenise") as noted:
            if sum(map(len, texts)) <= QUICK_CHARACTERS:
                encoded = path.before(bundle, texts)
            else:
                loop = asyncio.get_running_loop()
                encoded = await loop.run_in_executor(self._thread, path.before, bundle, texts)
            if noted is not None:
                noted["radar.texts"] = len(encoded)
                noted["radar.tokens"] = sum(int(item.ids.size) for item in encoded)
                noted["radar.truncated"] = sum(item.truncated for item in encoded)
        return encoded

    def close(self) -> None:
        """End the thread when its work is done."""
        self._thread.shutdown()

"""Scoring on this machine: threads that share one graph, or processes where Python is the work."""

from collections import deque
from collections.abc import Iterable, Iterator, Set
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain

from inference.bulk.blocks import Block, CuttingOptions, Part, read_blocks
from inference.bulk.errors import DamagedInputError
from inference.bulk.model import BulkModel
from inference.bulk.processes import ModelFiles, score_in_processes
from inference.bulk.scoring import BlockScorer, ScoredBlock

BLOCKS_AT_ONCE = 2
"""While the last batches of one block are computed, the texts of the next are encoded."""


def score_locally(
    parts: Iterable[Part],
    options: CuttingOptions,
    finished: Set[str],
    model: BulkModel,
    threads: int,
) -> Iterator[ScoredBlock | DamagedInputError]:
    """Score parts one after the other.

    Args:
        parts: what to read.
        options: how to cut it.
        finished: names of blocks that are not scored again.
        model: scores them.
        threads: that compute; processes for a bag-of-features model, whose encoder is Python.

    Yields:
        Every block in order, and after the blocks before it every file that cannot be read.

    Raises:
        BulkError: the model fails.
    """
    blocks = chain.from_iterable(read_blocks(part, options, finished) for part in parts)
    identity = model.identity
    if threads > 1 and model.bundle.manifest.encoder == "features":
        files = ModelFiles(model.directory, identity.precision, identity.version)
        return score_in_processes(blocks, files, threads)
    return _score_in_threads(blocks, model, threads)


def _score_in_threads(
    blocks: Iterable[Block | DamagedInputError], model: BulkModel, threads: int
) -> Iterator[ScoredBlock | DamagedInputError]:
    scorer = BlockScorer(model.bundle, model.identity.version, threads)
    callers = ThreadPoolExecutor(BLOCKS_AT_ONCE, thread_name_prefix="block")
    waiting: deque[Future[ScoredBlock]] = deque()
    try:
        for block in blocks:
            if isinstance(block, DamagedInputError):
                while waiting:
                    yield waiting.popleft().result()
                yield block
                continue
            waiting.append(callers.submit(scorer.score, block))
            while len(waiting) > BLOCKS_AT_ONCE:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()
        scorer.close()
        callers.shutdown()

"""Scoring on this machine in processes, for models whose work is mostly Python.

A bag-of-features encoder is Python, which one process runs on one core at a time however many
threads it has. Each process here has the model open and scores whole blocks, so what is computed
together, and hence every answer, is as with threads.
"""

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from contract.bundle import Bundle
from contract.errors import BundleError
from contract.manifest import Precision
from inference.bulk.blocks import Block
from inference.bulk.errors import BulkError, DamagedInputError
from inference.bulk.scoring import BlockScorer, ScoredBlock

BLOCKS_AHEAD = 2
"""Blocks that are read, besides those being scored, so that no process waits for one."""
MOST_DEATHS = 3
"""Times in a row that processes may die without a block between: then it is no accident."""


@dataclass(frozen=True)
class ModelFiles:
    """What a process needs to open the model.

    Attributes:
        directory: the bundle, which is there as long as the processes are.
        precision: the graph that runs.
        version: stands in the answers.
    """

    directory: Path
    precision: Precision
    version: str


def score_in_processes(
    blocks: Iterable[Block | DamagedInputError], model: ModelFiles, processes: int
) -> Iterator[ScoredBlock | DamagedInputError]:
    """Score blocks in processes, of which one that dies is replaced.

    Args:
        blocks: read ahead by `BLOCKS_AHEAD` and one for each process, so memory is bounded.
        model: opened by each process.
        processes: how many.

    Yields:
        Every block in order, and after the blocks before it every file that cannot be read.

    Raises:
        BulkError: the model fails, or processes die again and again.
    """
    pool = _Pool(model, processes)
    try:
        for block in blocks:
            if isinstance(block, DamagedInputError):
                while pool.has_blocks:
                    yield pool.next()
                yield block
                continue
            pool.add(block)
            while pool.is_full:
                yield pool.next()
        while pool.has_blocks:
            yield pool.next()
    finally:
        pool.close()


@dataclass
class _Task:
    block: Block
    future: "Future[ScoredBlock]"


class _Pool:
    """Processes, and the blocks that they have, first in, first out."""

    def __init__(self, model: ModelFiles, processes: int) -> None:
        self._model, self._processes = model, processes
        self._executor = self._new_executor()
        self._tasks: deque[_Task] = deque()
        self._deaths = 0

    @property
    def has_blocks(self) -> bool:
        return bool(self._tasks)

    @property
    def is_full(self) -> bool:
        return len(self._tasks) >= self._processes + BLOCKS_AHEAD

    def add(self, block: Block) -> None:
        try:
            future = self._submit(block)
        except BrokenProcessPool:
            self._replace(block)
            future = self._submit(block)
        self._tasks.append(_Task(block, future))

    def next(self) -> ScoredBlock:
        """The first block, once it is scored.

        Raises:
            BulkError: the model fails, or processes die again and again.
        """
        while True:
            first = self._tasks[0]
            try:
                scored = first.future.result()
            except BrokenProcessPool:
                self._replace(first.block)
            else:
                self._tasks.popleft()
                self._deaths = 0
                return scored

    def close(self) -> None:
        """End the processes after the blocks that they are at."""
        self._executor.shutdown(cancel_futures=True)

    def _new_executor(self) -> ProcessPoolExecutor:
        # Spawned: threads of Arrow and ONNX Runtime run here, and do not survive a fork.
        return ProcessPoolExecutor(
            self._processes, multiprocessing.get_context("spawn"), initializer=_end_with_parent
        )

    def _submit(self, block: Block) -> "Future[ScoredBlock]":
        with _deaf_to_ctrl_c():
            return self._executor.submit(_score, self._model, block)

    def _replace(self, block: Block) -> None:
        """Begin anew with the blocks that are not scored, after a process died.

        Args:
            block: the one that is waited for.

        Raises:
            BulkError: it happens again and again.
        """
        self._deaths += 1
        if self._deaths >= MOST_DEATHS:
            raise BulkError(
                f"block {block.name}: a process that scores it was killed "
                f"{self._deaths} times; if memory is short, give fewer --threads"
            )
        self._executor.shutdown()
        self._executor = self._new_executor()
        for task in self._tasks:
            if not task.future.done() or task.future.exception() is not None:
                task.future = self._submit(task.block)


@contextmanager
def _deaf_to_ctrl_c() -> Iterator[None]:
    """Processes begun within are not reached by Ctrl-C, which the terminal sends to all.

    This one hears it, and ends them after the block they are at; they have nothing to say.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end_with_parent() -> None:
    """End this process when the one that began it is gone, however that ended."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, name="watch-parent", daemon=True).start()


@lru_cache(maxsize=1)
def _scorer(model: ModelFiles) -> BlockScorer:
    """The model of this process, opened when the first block comes."""
    bundle = Bundle.open(model.directory, precision=model.precision)
    return BlockScorer(bundle, model.version, threads=1)


def _score(model: ModelFiles, block: Block) -> ScoredBlock:
    try:
        return _scorer(model).score(block)
    except BundleError as error:  # which does not come through to another process as it is
        raise BulkError(f"the model does not open in a process of its own: {error}") from None

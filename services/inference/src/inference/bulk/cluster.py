"""Scoring on Ray Data: each worker has a model of its own and scores whole blocks.

A row of the Ray data set is a block, so that Ray cannot move the bounds of blocks, which decide
what is computed together. Input files are read by the cluster, each part by one task; answers come
back to this process, which writes them.
"""

import logging
import os
import pickle
import tempfile
from collections.abc import Iterable, Iterator, Sequence, Set
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import ray
from ray.data import ActorPoolStrategy, DataContext, Datasource, ReadTask
from ray.data.block import BlockMetadata

from contract.bundle import Bundle
from contract.manifest import MANIFEST, Manifest
from inference.bulk.blocks import CuttingOptions, Part, read_blocks
from inference.bulk.errors import BulkError, DamagedInputError
from inference.bulk.model import BulkModel, ModelIdentity
from inference.bulk.scoring import BlockScorer, ScoredBlock
from inference.scheduling.cores import available_cores

PICKLED = "pickled"
READING_CPUS = 0
"""What a reading task is counted as: the workers hold all cores, and it mostly waits for them. To
differ from them also keeps Ray from joining reading and scoring, so a part to one worker."""
OBJECT_STORE_BYTES = 512 << 20
"""Shared memory of a cluster on this machine; Ray's own default is a third of all memory."""
LOOKAHEAD = 2
"""Blocks that a worker has at a time: one that it scores, one that is on its way."""


def score_on_ray(
    parts: Sequence[Part],
    options: CuttingOptions,
    finished: Set[str],
    model: BulkModel,
    address: str | None,
    workers: int,
) -> Iterator[ScoredBlock | DamagedInputError]:
    """Score parts on a cluster.

    Args:
        parts: what to read; every node must reach its files by their addresses.
        options: how to cut it.
        finished: names of blocks that are not scored again.
        model: is sent to the workers.
        address: of a cluster, whose nodes have this package; None: one on this machine.
        workers: how many, each on one core; 0: as many as the cluster has cores.

    Yields:
        Every block and every file that cannot be read, in any order.

    Raises:
        BulkError: the cluster cannot be reached, or a worker fails other than by dying.
    """
    with _connected(address):
        count = workers or max(1, int(ray.cluster_resources().get("CPU", 1)))
        context = DataContext.get_current()
        context.target_max_block_size = 1  # of Ray's own blocks: one row, so one of ours
        context.enable_progress_bars = False
        context.print_on_execution_start = False
        # Held here to the end: a worker that takes a dead one's place fetches it again.
        files = ray.put({path.name: path.read_bytes() for path in _files_of(model.directory)})
        dataset = ray.data.read_datasource(
            _Parts(parts, options, finished),
            num_cpus=READING_CPUS,
            override_num_blocks=max(1, len(parts)),
        ).map_batches(
            _Worker,
            fn_constructor_args=(files, model.identity),
            batch_size=1,
            batch_format="pyarrow",
            compute=ActorPoolStrategy(size=count, max_tasks_in_flight_per_actor=LOOKAHEAD),
            num_cpus=1,
        )
        logging.getLogger("ray.data").setLevel(logging.ERROR)  # which Ray set with the data set
        try:
            for row in dataset.iter_rows():
                yield pickle.loads(row[PICKLED])
        except ray.exceptions.RayError as error:
            raise BulkError(f"Ray: {_cause(error)}; finished blocks are kept") from error


class _Parts(Datasource):  # type: ignore[misc]
    """Blocks of all parts, each as one row; a part is one task."""

    def __init__(self, parts: Sequence[Part], options: CuttingOptions, finished: Set[str]) -> None:
        super().__init__()
        self._parts, self._options, self._finished = parts, options, finished

    def get_name(self) -> str:
        """See `Datasource.get_name`."""
        return "Blocks"

    def estimate_inmemory_data_size(self) -> int | None:
        """See `Datasource.estimate_inmemory_data_size`."""
        return None

    def get_read_tasks(self, parallelism: int, *_: Any, **__: Any) -> list[ReadTask]:
        """See `Datasource.get_read_tasks`; it is one task for each part, whatever is asked."""
        options, finished = self._options, self._finished

        def task(part: Part) -> ReadTask:
            def read() -> Iterable[pa.Table]:
                return (_as_row(block) for block in read_blocks(part, options, finished))

            return ReadTask(read, BlockMetadata(None, None, None))

        return [task(part) for part in self._parts]


class _Worker:
    """One core of the cluster, with the model open."""

    def __init__(self, files: Any, identity: ModelIdentity) -> None:
        with tempfile.TemporaryDirectory(prefix="score-model-") as folder:
            for name, content in ray.get(files).items():
                Path(folder, name).write_bytes(content)
            bundle = Bundle.open(folder, precision=identity.precision)
        self._scorer = BlockScorer(bundle, identity.version, threads=1)

    def __call__(self, rows: pa.Table) -> pa.Table:
        """Score the block of one row."""
        block = pickle.loads(rows.column(PICKLED)[0].as_py())
        is_damage = isinstance(block, DamagedInputError)
        return _as_row(block if is_damage else self._scorer.score(block))


@contextmanager
def _connected(address: str | None) -> Iterator[None]:
    """A connection to a cluster, or a cluster of this machine's cores."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    # What matters reaches us as an exception; its own lines are of no use to who scores tweets.
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
    logging.getLogger("ray").setLevel(logging.ERROR)
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
    if address is None:
        options |= {
            "num_cpus": available_cores(),
            "include_dashboard": False,
            "object_store_memory": OBJECT_STORE_BYTES,
        }
    try:
        # "local", since nothing would let it join a cluster that the environment names.
        ray.init(address or "local", **options)
    except (ConnectionError, ValueError, RuntimeError, OSError) as error:
        said = " ".join(str(error).split())[:300]
        raise BulkError(f"--address {address or 'local'}: Ray does not start: {said}") from error
    try:
        yield
    finally:
        ray.shutdown()


def _files_of(directory: Path) -> list[Path]:
    return [directory / MANIFEST, *(directory / name for name in Manifest.read(directory).files)]


def _as_row(content: object) -> pa.Table:
    return pa.table({PICKLED: pa.array([pickle.dumps(content)], pa.large_binary())})


def _cause(error: Exception) -> str:
    """The last line of what went wrong on a worker, which is what its own error says."""
    lines = [line for line in str(error).splitlines() if line.strip()]
    return lines[-1].strip()[:300] if lines else type(error).__name__

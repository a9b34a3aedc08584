"""From a block of texts to the table of its answers."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from contract.bundle import Bundle
from contract.parallel import ParallelScorer
from inference.bulk.blocks import Block, RefusedRow
from inference.bulk.errors import BulkError


@dataclass(frozen=True)
class ScoredBlock:
    """A block as it is written.

    Attributes:
        table: columns as `answers_of` says; None if a run before this one has written it.
        refused: rows that could not be scored.
        rows: number of texts.
        bytes_read: of the input, as it is stored.
    """

    name: str
    table: pa.Table | None
    refused: list[RefusedRow]
    rows: int
    bytes_read: int


class BlockScorer:
    """Scores blocks with one model; may be called from several threads."""

    def __init__(self, bundle: Bundle, version: str, threads: int) -> None:
        self._bundle = bundle
        self._version = version
        self._scorer = ParallelScorer(bundle, threads)

    def close(self) -> None:
        """End the threads."""
        self._scorer.close()

    def score(self, block: Block) -> ScoredBlock:
        """Score a block, unless it is finished.

        Raises:
            BulkError: the model answers something that is no number.
        """
        table = None if block.finished else self._answers(block)
        return ScoredBlock(block.name, table, block.refused, block.rows, block.bytes_read)

    def _answers(self, block: Block) -> pa.Table:
        scores = self._scorer.score(block.texts)
        if not np.isfinite(scores.probabilities).all():
            raise BulkError(f"block {block.name}: the model gave probabilities that are no numbers")
        manifest = self._bundle.manifest
        best = scores.probabilities.argmax(axis=1)
        certain = scores.probabilities.max(axis=1, initial=0.0) >= manifest.abstain_threshold
        labels = pa.DictionaryArray.from_arrays(
            pa.array(best, pa.int32()), pa.array(manifest.labels, pa.string())
        )
        columns = {
            "id": pa.array(block.ids, pa.string()),
            "label": labels.cast(pa.string()),
            **{
                f"p_{label}": pa.array(scores.probabilities[:, place], pa.float32())
                for place, label in enumerate(manifest.labels)
            },
            "uncertain": pa.array(~certain),
            "truncated": pa.array(scores.truncated),
            "model_version": pa.array([self._version] * len(block.ids), pa.string()),
        }
        return pa.table(columns)

"""A scoring from its options to its last file, resumed where one before it ended."""

from collections.abc import Iterator, Set
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Literal, TextIO

from inference.bulk.addresses import InputFile, find_inputs
from inference.bulk.blocks import CuttingOptions, Part, parts_of
from inference.bulk.errors import BulkError, DamagedInputError
from inference.bulk.local import score_locally
from inference.bulk.manifest import OutputFormat, ScoringManifest, changed
from inference.bulk.model import BulkModel, open_model
from inference.bulk.output import Output
from inference.bulk.progress import ScoringProgress
from inference.bulk.reading import RowReader
from inference.bulk.scoring import ScoredBlock
from inference.model.opening import WantedPrecision

if TYPE_CHECKING:  # which brings the store with it: only who counts needs that
    from inference.bulk.counting import Counted, MentionCounter

Engine = Literal["local", "ray"]
Scored = Iterator[ScoredBlock | DamagedInputError]


@dataclass(frozen=True)
class ScoringOptions:
    """What to score, with what, and where to put it.

    Attributes:
        inputs: paths, addresses or patterns.
        output: folder or address.
        output_format: of the answers.
        model: as `open_model` reads it.
        precision: which of its graphs runs.
        tracking_uri: where the registry is.
        cutting: how the input is read and cut.
        engine: where it is computed.
        address: of a Ray cluster; None: one on this machine, for as long as this takes.
        threads: that compute on this machine; on a cluster its workers, 0: one for each core.
    """

    inputs: list[str]
    output: str
    output_format: OutputFormat
    model: str
    precision: WantedPrecision
    tracking_uri: str
    cutting: CuttingOptions
    engine: Engine
    address: str | None
    threads: int


@dataclass(frozen=True)
class Outcome:
    """A finished scoring.

    Attributes:
        rows: texts scored, by this run and those before it.
        refused: rows that could not be scored.
        scored_now: texts that this run scored.
        tweets_per_second: of this run, reading and writing included.
        already_there: whether there was nothing to score.
        counted: on the radar; None where that was not asked for.
    """

    rows: int
    refused: int
    scored_now: int = 0
    tweets_per_second: float = 0.0
    already_there: bool = False
    counted: "Counted | None" = None


def run_scoring(
    options: ScoringOptions, stream: TextIO, counter: "MentionCounter | None" = None
) -> Outcome:
    """Score all that an output lacks.

    Args:
        options: what to score.
        stream: where progress is told.
        counter: counts on the radar, once all is scored.

    Raises:
        BulkError: it cannot begin or go on. Finished blocks are kept, and the same call goes on.
    """
    files = find_inputs(options.inputs)
    _check_first(files[0], options.cutting)
    if counter:
        counter.check_columns(files[0], options.cutting.columns)
    output = Output(options.output)
    with open_model(options.model, options.precision, options.tracking_uri) as model:
        if counter:
            counter.check_model(model)
        wanted = ScoringManifest(
            model=model.identity,
            cutting=options.cutting,
            output_format=options.output_format,
            inputs=tuple(files),
            parts=tuple(len(part.files) for part in parts_of(files)),
        )
        if model.fallback:
            print(f"the int8 graph is refused here, fp32 runs: {model.fallback}", file=stream)
        with output.locked():
            manifest = _begin(output, wanted)
            if manifest.finished:
                output.tidy()
                outcome = Outcome(manifest.rows, manifest.refused, already_there=True)
            else:
                outcome = _Run(options, model, output, manifest).finish(stream)
            if counter:
                # The parts stay as they were cut; how many rows are answered is known by now.
                scored = manifest.model_copy(update={"rows": outcome.rows})
                counted = counter.count(output, scored, _parts(manifest))
                outcome = replace(outcome, counted=counted)
            return outcome


class _Run:
    def __init__(
        self,
        options: ScoringOptions,
        model: BulkModel,
        output: Output,
        manifest: ScoringManifest,
    ) -> None:
        self._options, self._model = options, model
        self._output, self._manifest = output, manifest

    def finish(self, stream: TextIO) -> Outcome:
        manifest, output = self._manifest, self._output
        progress = ScoringProgress(stream, sum(file.size for file in manifest.inputs))
        damaged: list[DamagedInputError] = []
        try:
            for block in self._scored(output.finished_blocks()):
                if isinstance(block, DamagedInputError):
                    damaged.append(block)
                    continue
                output.write_block(block, manifest.output_format)
                progress.advance(
                    block.rows,
                    len(block.refused),
                    block.bytes_read,
                    scored=block.table is not None,
                )
        finally:
            progress.end()
        if damaged:
            addresses = tuple(sorted(error.address for error in damaged))
            output.write_manifest(manifest.model_copy(update={"damaged": addresses}))
            raise _spoken(damaged)
        output.finish(
            manifest.model_copy(
                update={
                    "damaged": (),
                    "finished": True,
                    "rows": progress.rows,
                    "refused": progress.refused,
                }
            )
        )
        return Outcome(
            progress.rows, progress.refused, progress.scored_rows, progress.tweets_per_second
        )

    def _scored(self, finished: Set[str]) -> Scored:
        options, parts = self._options, _parts(self._manifest)
        if options.engine == "local":
            return score_locally(parts, options.cutting, finished, self._model, options.threads)
        from inference.bulk.cluster import score_on_ray

        return score_on_ray(
            parts, options.cutting, finished, self._model, options.address, options.threads
        )


def _check_first(file: InputFile, cutting: CuttingOptions) -> None:
    """Refuse wrong columns before the model is fetched."""
    for _ in islice(RowReader(file, cutting.columns), 1):
        pass


def _begin(output: Output, wanted: ScoringManifest) -> ScoringManifest:
    """What the output says after this: that of a run before, if it wants the same."""
    before = output.read_manifest()
    if before is None:
        if output.finished_blocks():
            raise BulkError(
                f"{output.address} holds files of something else: give another --output"
            )
        output.write_manifest(wanted)
        return wanted
    before.require_same(wanted, output.address)
    mended = set(changed(before, wanted))
    if not mended:
        return before
    # What was read of a damaged file before its damage may not be what is there now. The parts
    # stay those of the first run, whatever the sizes are now: other parts have their blocks.
    for part in _parts(before):
        if mended & {file.address for file in part.files}:
            output.discard_part(part.number)
    now = before.model_copy(update={"inputs": wanted.inputs})
    output.write_manifest(now)
    return now


def _parts(manifest: ScoringManifest) -> list[Part]:
    files = iter(manifest.inputs)
    return [
        Part(number, tuple(islice(files, count))) for number, count in enumerate(manifest.parts)
    ]


def _spoken(damaged: list[DamagedInputError]) -> BulkError:
    first, *others = sorted(damaged, key=lambda error: error.address)
    more = (
        f" (and {len(others)} more: {', '.join(e.address for e in others[:5])})" if others else ""
    )
    return BulkError(
        f"{first}{more}; all else is scored and kept: then give the same command again"
    )

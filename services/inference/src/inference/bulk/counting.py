"""Counting on the radar what was scored.

After the scoring and not during it, for the radar wants mentions in the order of their time, which
no file promises: words are named by the hour, and what is older than its horizon is gone. The
texts stay where they are, so that answers hold none, and the radar knows what it has counted.
"""

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from typing import TextIO

from inference.bulk.addresses import InputFile
from inference.bulk.blocks import Part, RefusedRow
from inference.bulk.errors import BulkError
from inference.bulk.manifest import ScoringManifest
from inference.bulk.mentions import AnsweredMention, MentionColumns, answered_mentions
from inference.bulk.model import BulkModel, require_same_model
from inference.bulk.output import Output
from inference.bulk.progress import ScoringProgress
from inference.bulk.rows import ColumnOptions
from inference.problems import ServiceError
from inference.radar.mentions import Mention
from inference.radar.ordering import in_order, time_of
from inference.radar.patience import Patient
from inference.radar.recorder import Recorder, RecorderOptions
from inference.radar.replay import Tally, blocks_of, count
from inference.radar.service import require_negative
from inference.settings import Settings
from inference.store.command import open_store
from inference.texts import Fingerprints, fingerprint_key


@dataclass(frozen=True)
class Counted:
    """What became of the rows of an output.

    Attributes:
        tally: of mentions.
        unusable: rows that are none.
        store: where the counts are, without its password.
    """

    tally: Tally
    unusable: int
    store: str


@contextmanager
def open_counter(
    settings: Settings, columns: MentionColumns, stream: TextIO
) -> Iterator["MentionCounter"]:
    """A counter for the radar's store, which is open as long as it is.

    Args:
        settings: name the store, and the model whose answers it has.
        columns: where rows say what a mention needs.
        stream: where progress is told, and when the store is away.

    Raises:
        BulkError: the store or the data folder cannot be used.
    """
    try:
        fingerprints = Fingerprints(fingerprint_key(settings))
        store = open_store(settings)
    except ServiceError as error:
        raise BulkError(f"--radar: {error.detail}") from error
    except OSError as error:
        raise BulkError(
            f"DATA_DIR: {settings.data_dir} cannot be used: {error.strerror or error}"
        ) from error

    def tell(message: str) -> None:
        print(f"\nradar: {message}", file=stream, flush=True)

    try:
        recorder = Recorder(Patient(store, tell), fingerprints, RecorderOptions.of(settings))
        yield MentionCounter(recorder, columns, settings, stream)
    finally:
        store.close()


class MentionCounter:
    """Counts what an output answers, each mention once however often it is asked to."""

    def __init__(
        self, recorder: Recorder, columns: MentionColumns, settings: Settings, stream: TextIO
    ) -> None:
        """Prepare to count; see `open_counter`."""
        self._recorder, self._columns = recorder, columns
        self._settings, self._stream = settings, stream

    def check_columns(self, file: InputFile, columns: ColumnOptions) -> None:
        """Refuse a file whose first row does not say when it was written.

        Raises:
            DamagedInputError: it lacks the column, or another one that was named.
        """
        self._columns.check(file, columns)

    def check_model(self, model: BulkModel) -> None:
        """Refuse a model whose answers cannot be added to what the radar has.

        Raises:
            BulkError: it has no label that the radar counts, or is not that of MODEL_SOURCE, which
                the API and `inference radar replay` ask.
        """
        try:
            require_negative(model.bundle)
        except ServiceError as error:
            raise BulkError(f"--radar: {error.detail}") from None
        require_same_model(model.identity, self._settings.model_source, self._settings.tracking_uri)

    def count(self, output: Output, manifest: ScoringManifest, parts: Sequence[Part]) -> Counted:
        """Count all rows of a finished output.

        Args:
            output: the answers.
            manifest: what they were made from.
            parts: the files, as they were cut.

        Raises:
            BulkError: the store fails, or the input is not what was scored. What was counted
                stays counted, and the same again goes on.
        """
        self._say("reading when everything was written")
        reading = ScoringProgress(self._stream, manifest.rows)
        with output.uncounted_rows() as refuse:
            rows = answered_mentions(output, manifest, parts, self._columns)
            ordered = in_order(_usable(rows, refuse, reading), lambda item: time_of(item.mention))
            try:
                first = list(islice(ordered, 1))  # which comes when all is read
                reading.end()
                self._say("counting, the oldest first")
                tally = self._tally(chain(first, ordered), reading.rows)
            except ServiceError as error:
                raise BulkError(
                    f"--radar: {error.detail}; what is counted stays: give the same command again"
                ) from error
            except OSError as error:
                raise BulkError(
                    f"--radar: cannot sort in {tempfile.gettempdir()}: {error.strerror or error}; "
                    "name a folder with room by TMPDIR and give the same command again"
                ) from error
        return Counted(tally, reading.refused, self._settings.store_url.render_as_string())

    def _tally(self, mentions: Iterable[AnsweredMention], expected: int) -> Tally:
        progress = ScoringProgress(self._stream, expected)
        tally = Tally()
        answers: dict[Mention, tuple[str, float]] = {}
        for block in blocks_of(mentions):
            answers.clear()
            answers.update((item.mention, (item.label, item.negative)) for item in block)
            tally.add(
                count(
                    [item.mention for item in block],
                    lambda new: [answers[mention] for mention in new],
                    self._recorder,
                )
            )
            progress.advance(len(block), 0, len(block), scored=True)
        progress.end()
        return tally

    def _say(self, what: str) -> None:
        print(f"radar: {what}", file=self._stream, flush=True)


def _usable(
    rows: Iterable[AnsweredMention | RefusedRow],
    refuse: Callable[[RefusedRow], None],
    progress: ScoringProgress,
) -> Iterator[AnsweredMention]:
    """The mentions among some rows; the others are put aside."""
    for row in rows:
        if isinstance(row, RefusedRow):
            refuse(row)
            progress.advance(0, 1, 1, scored=True)
        else:
            progress.advance(1, 0, 1, scored=True)
            yield row

"""Showing what mentions come to: series, episodes and bursts."""

import threading
import time
from collections import OrderedDict
from datetime import datetime, timedelta

from sqlalchemy import Connection

from inference.problems import Failure, ServiceError
from inference.radar import picture, repository
from inference.radar.detection.monitor import Options
from inference.radar.picture import BAND, Picture
from inference.radar.readings import LOOKS
from inference.radar.recorder import Transactions
from inference.radar.schemas import EpisodeOut, RadarAnswer, moment

LIVE_MINUTES = 1_440
"""While the newest mention is no older, time without mentions counts as quiet, not as unknown."""
DEFAULT_DAYS = 7
MAX_DAYS = 31
PICTURES = 16
"""Airlines whose series are kept in memory, as long as no mention comes."""


class RadarReader:
    """Reads the radar. Its work waits for the database and computes, so it belongs in a thread."""

    def __init__(self, store: Transactions, options: Options | None = None) -> None:
        self._store = store
        self._options = options or Options()
        self._pictures: OrderedDict[tuple[str | None, int, int | None], Picture] = OrderedDict()
        self._lock = threading.Lock()

    def read(
        self, airline: str | None, start: datetime | None, end: datetime | None
    ) -> RadarAnswer:
        """Series and episodes of a time; takes up to a second after mentions have come.

        Args:
            airline: None for all of them together.
            start: from when; without it, the last `DEFAULT_DAYS` days before `end`.
            end: until when; without it, the end of the series.

        Raises:
            ServiceError: the time is longer than `MAX_DAYS` or none, or the store does not answer.
        """
        return self._store.run(
            lambda connection: self._read(connection, airline, start, end), read_only=True
        )

    def episodes(self, airline: str | None, start: datetime, end: datetime) -> list[EpisodeOut]:
        """The episodes of a time, however long, oldest first.

        Raises:
            ServiceError: the store does not answer.
        """

        def work(connection: Connection) -> list[EpisodeOut]:
            drawn = self._picture(connection, airline)
            return picture.episodes(connection, drawn, airline, *_places(drawn, start, end))

        return self._store.run(work, read_only=True)

    def _read(
        self,
        connection: Connection,
        airline: str | None,
        start: datetime | None,
        end: datetime | None,
    ) -> RadarAnswer:
        drawn = self._picture(connection, airline)
        series = drawn.history.series
        after = moment(LOOKS * (series.first + len(series)))
        until = end or (after if start is None or start < after else start)
        since = start or until - timedelta(days=DEFAULT_DAYS)
        if since > until:
            raise ServiceError(Failure.INVALID_REQUEST, "from: must not be later than to")
        if until - since > timedelta(days=MAX_DAYS):
            raise ServiceError(
                Failure.INVALID_REQUEST, f"from: must be at most {MAX_DAYS} days before to"
            )
        first, last = _places(drawn, since, until)
        empty = not len(series)
        return RadarAnswer(
            airline=airline,
            airlines=repository.airlines(connection),
            bucket_seconds=series.bucket_seconds,
            **{"from": None if empty else since},
            to=None if empty else until,
            band=BAND,
            false_alarms_per_day=self._options.false_alarms_per_day,
            points=picture.points(drawn, first, last),
            episodes=picture.episodes(connection, drawn, airline, first, last),
            bursts=picture.past_bursts(drawn, first, last),
        )

    def _picture(self, connection: Connection, airline: str | None) -> Picture:
        state = repository.state(connection)
        now = int(time.time() // 60)
        live = state.newest is not None and now - state.newest <= LIVE_MINUTES
        until = now if live else None
        key = (airline, state.revision, until)
        # One at a time: what a second reader waits for is mostly what the first one is drawing.
        with self._lock:
            if key not in self._pictures:
                self._pictures[key] = picture.draw(connection, airline, until, self._options)
                while len(self._pictures) > PICTURES:
                    self._pictures.popitem(last=False)
            self._pictures.move_to_end(key)
            return self._pictures[key]


def _places(drawn: Picture, start: datetime, end: datetime) -> tuple[int, int]:
    """The buckets of a time, as places in the series, the latter excluded."""
    series = drawn.history.series
    length = timedelta(seconds=series.bucket_seconds)
    begin = moment(LOOKS * series.first)
    first = min(max(0, (start - begin) // length), len(series))
    return first, min(max(first, -((begin - end) // length)), len(series))

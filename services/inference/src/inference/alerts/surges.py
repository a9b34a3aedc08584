"""Surges that the radar sees, as alerts."""

from datetime import UTC, datetime, timedelta
from typing import Final

from inference.alerts.service import RaisesAlerts
from inference.loop import Loop
from inference.model.background import give_way
from inference.radar import repository
from inference.radar.reader import RadarReader
from inference.radar.schemas import EpisodeOut
from inference.store.store import Store

KIND: Final = "radar_surge"
UNNAMED: Final = "no airline"
"""What mentions are about that name none."""

LOOK_SECONDS: Final = 120.0
"""Time between looks; one computes for up to a second for each airline, behind all requests."""

LOOK_BACK: Final = timedelta(days=1)
"""Surges of older times are history, such as those of a file that was replayed."""


class SurgeWatch:
    """Raises an alert for each airline with a surge that goes on."""

    def __init__(self, store: Store, reader: RadarReader, alerts: RaisesAlerts) -> None:
        """Nothing is read before `start`.

        Args:
            store: has the mentions.
            reader: finds the surges.
            alerts: where they are brought.
        """
        self._store = store
        self._reader = reader
        self._alerts = alerts
        self._yielding = False
        self._loop = Loop("surge-watch", LOOK_SECONDS, self._turn)

    def start(self) -> None:
        """Start the thread."""
        self._loop.start()

    def close(self) -> None:
        """End, after the airline that is being looked at."""
        self._loop.close()

    def look(self) -> None:
        """Look at all airlines once.

        Raises:
            ServiceError: the store does not answer.
        """
        if self._store.away:
            return
        now = datetime.now(UTC)
        for airline in self._store.run(repository.airlines, read_only=True):
            if self._loop.ending:
                return
            for episode in self._reader.episodes(airline, now - LOOK_BACK, now):
                if episode.end is None and not episode.settled:
                    self._raise(airline or UNNAMED, episode)

    def _turn(self) -> None:
        if not self._yielding:
            give_way()
            self._yielding = True
        self.look()

    def _raise(self, airline: str, episode: EpisodeOut) -> None:
        self._alerts.raise_alert(
            KIND,
            airline,
            f"negative mentions of {' '.join(airline.split())} are {episode.ratio:g} times what is "
            f"usual since {episode.start:%Y-%m-%d %H:%M} UTC",
            {
                "start": episode.start.isoformat(),
                "negatives": episode.negatives,
                "expected": episode.expected,
                "ratio": episode.ratio,
                "score": episode.score,
            },
        )

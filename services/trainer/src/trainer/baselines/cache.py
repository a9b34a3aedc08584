"""Answers that were paid for, by hash of their text: the text itself is not kept."""

import hashlib
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from trainer.baselines.service import Answer, BaselineError, Service

SCHEMA = """
CREATE TABLE IF NOT EXISTS answers (
    service TEXT NOT NULL, endpoint TEXT NOT NULL, language TEXT NOT NULL,
    text_sha256 TEXT NOT NULL,
    sentiment TEXT NOT NULL, negative REAL NOT NULL, neutral REAL NOT NULL, positive REAL NOT NULL,
    model TEXT NOT NULL, answered_at TEXT NOT NULL,
    PRIMARY KEY (service, endpoint, language, text_sha256)
) WITHOUT ROWID
"""


def text_hash(text: str) -> str:
    """SHA-256 of a text, hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


class AnswerCache:
    """Answers of one service in one language; see `open_cache`."""

    def __init__(self, connection: sqlite3.Connection, service: Service, language: str) -> None:
        """See `open_cache`."""
        self._connection = connection
        self._owner = (service.name, service.endpoint, language)

    def get(self, texts: Sequence[str]) -> dict[str, Answer]:
        """The answers that are known, by text."""
        found = {}
        for text in texts:
            row = self._connection.execute(
                "SELECT sentiment, negative, neutral, positive, model FROM answers "
                "WHERE service = ? AND endpoint = ? AND language = ? AND text_sha256 = ?",
                (*self._owner, text_hash(text)),
            ).fetchone()
            if row:
                found[text] = Answer(*row)
        return found

    def put(self, answers: Mapping[str, Answer]) -> None:
        """Keep answers, by text; they are on disk when this returns."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        rows = [
            (
                *self._owner,
                text_hash(text),
                answer.sentiment,
                answer.negative,
                answer.neutral,
                answer.positive,
                answer.model,
                now,
            )
            for text, answer in answers.items()
        ]
        with self._connection:
            self._connection.executemany(
                f"INSERT OR REPLACE INTO answers VALUES ({', '.join('?' * 10)})", rows
            )


@contextmanager
def open_cache(path: Path, service: Service, language: str) -> Iterator[AnswerCache]:
    """The cache in a SQLite file, which is made where there is none.

    Raises:
        BaselineError: the file cannot be used, then or later within the context.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path)
        try:
            connection.execute(SCHEMA)
            yield AnswerCache(connection, service, language)
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise BaselineError(
            f"cannot use the answers in {path}: {error}; move the file away, or name another "
            "with --cache"
        ) from error

"""Structured logs: one JSON object a line, with the request's id and never a tweet."""

import json
import logging
import sys
import traceback
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TextIO

REQUEST_ID: ContextVar[str | None] = ContextVar("request_id", default=None)
"""The id of the request that the current task or thread works for."""

TRACE_ID: ContextVar[str | None] = ContextVar("trace_id", default=None)
"""The trace that the same belongs to, where traces are made."""

FIELDS = "fields"

_encode = json.JSONEncoder(default=str).encode


class JsonFormatter(logging.Formatter):
    """Formats a record as JSON.

    Of an exception only the kind and the places are written: messages of libraries may hold what
    a client sent.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if request_id := REQUEST_ID.get():
            line["request_id"] = request_id
        if trace_id := TRACE_ID.get():
            line["trace_id"] = trace_id
        line.update(getattr(record, FIELDS, {}))
        if record.exc_info and record.exc_info[0] is not None:
            line["exception"] = record.exc_info[0].__qualname__
            line["places"] = [
                f"{frame.filename}:{frame.lineno} {frame.name}"
                for frame in traceback.extract_tb(record.exc_info[2])[-12:]
            ]
        return _encode(line)


def configure_logging(level: str, stream: TextIO | None = None) -> None:
    """Send every log line of this process to standard error, as JSON.

    Args:
        level: least severe level written.
        stream: where to write instead.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    # What no line shows need not be found out for each of them.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging._srcfile = None  # the place of each call: the manual names this way
    # Their informational lines name every poll and every migration context.
    for noisy in ("alembic", "mlflow", "urllib3", "httpx"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, root.level))


def fields(**values: object) -> dict[str, dict[str, object]]:
    """`extra` for a log call: further members of its line."""
    return {FIELDS: values}

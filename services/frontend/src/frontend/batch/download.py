"""The results as a file that spreadsheets open."""

import csv
import io
from pathlib import PurePath

from frontend.batch.job import Job
from frontend.batch.reading import NEVER

ADDED = "sentiment"


def results(job: Job) -> bytes:
    """The file's own columns with the answers beside them, a row for each tweet that has one.

    Returns:
        UTF-8 with a byte order mark, which spreadsheets need to see that it is; the delimiter is
        the file's own.
    """
    answered = job.answered()
    labels = list(answered[0][2].probabilities) if answered else []
    delimiter = "," if job.table.delimiter == NEVER else job.table.delimiter
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter=delimiter)
    writer.writerow(
        [
            *job.table.columns,
            ADDED,
            *(f"probability_{label}" for label in labels),
            "uncertain",
            "model_version",
            "prediction_id",
        ]
    )
    for row, _, prediction in answered:
        writer.writerow(
            [
                *row.cells,
                prediction.label,
                *(f"{prediction.probabilities.get(label, 0):.4f}" for label in labels),
                "true" if prediction.uncertain else "false",
                prediction.model_version,
                prediction.id,
            ]
        )
    return stream.getvalue().encode("utf-8-sig")


def bad_rows(job: Job) -> bytes:
    """The records without an answer: the line of each and why, as keys that stay the same."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream)
    writer.writerow(["line", "reason", "detail"])
    writer.writerows((row.line, row.reason, row.detail) for row in job.bad)
    return stream.getvalue().encode("utf-8-sig")


def file_name(job: Job, kind: str) -> str:
    """A name that tells what the file is, after the one it was made from."""
    return f"{PurePath(job.table.name).stem}-{kind}.csv"

"""How long reading, cleaning and splitting a file takes, and the most memory of it.

Measured in a process of its own, since memory once asked for is seldom given back:

    python -m benchmarks.training.ingest FILE
"""

import json
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Ingest:
    """One loading of a file: seconds, and the peak of resident memory in units of 10^9 bytes."""

    seconds: float
    gigabytes: float
    rows: int


def measure_ingest(path: Path) -> Ingest:
    """Load a file in a new process, whose progress goes to standard error.

    Raises:
        subprocess.CalledProcessError: it could not be loaded.
    """
    command = [sys.executable, "-m", __spec__.name, str(path)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
    return Ingest(**json.loads(done.stdout.splitlines()[-1]))


def main() -> None:
    """Load the file named on the command line and print what it took, as JSON."""
    from trainer.data.loading import load_dataset
    from trainer.progress import shown

    with shown() as progress:
        started = time.perf_counter()
        _, report = load_dataset(sys.argv[1], progress=progress)
        seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9  # Linux counts in KiB
    print(json.dumps({"seconds": seconds, "gigabytes": peak, "rows": report.rows_read}))


if __name__ == "__main__":
    main()

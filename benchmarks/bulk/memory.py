"""The most memory that `inference score` takes with a linear model, for two sizes of input."""

import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.bulk.tweets import generated, write_tweets
from benchmarks.peak import wait_for_peak_of_all

from trainer.progress import Progress

RECIPE = "logistic-regression"


def prepare_linear(folder: Path, progress: Progress) -> Path:
    """A linear model of the bundled sample, made if it was not yet."""
    from trainer.data.loading import load_dataset
    from trainer.export.bundle_writer import export_model
    from trainer.recipes.spec import RecipeSpec

    directory = folder / "linear"
    if not (directory / "manifest.json").is_file():
        dataset, _ = load_dataset("sample", progress=progress)
        fitted = RecipeSpec.parse(RECIPE).fit(dataset, progress)
        export_model(
            fitted, dataset, name="linear", recipe=RECIPE, directory=directory, progress=progress
        )
    return directory


def peak_gigabytes(rows: int, bundle: Path) -> float:
    """The peak of memory in units of 10^9 bytes, of a scoring with all its processes.

    Raises:
        RuntimeError: it failed.
    """
    with tempfile.TemporaryDirectory(prefix="bench-bulk-") as folder:
        tweets = Path(folder) / "tweets.csv"
        write_tweets(tweets, generated(rows))
        command = [sys.executable, "-m", "inference", "score", str(tweets)]
        command += ["--model", str(bundle), "--output", f"{folder}/out"]
        process = subprocess.Popen(command)
        peak = wait_for_peak_of_all(process)
        if process.returncode:
            raise RuntimeError("inference score failed; what it said stands above")
    return peak / 1e9

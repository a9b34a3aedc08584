"""The bundled sample: tweets about flights written by hand for this project."""

from pathlib import Path

SAMPLE = "sample"
"""The source name that stands for the bundled sample."""

SAMPLE_PATH = Path(__file__).with_name("sample.csv")


def locate(source: str) -> Path:
    """The file a source names: the bundled sample, or a path."""
    return SAMPLE_PATH if source == SAMPLE else Path(source).expanduser()


def is_sample(path: Path) -> bool:
    """Whether a file is the bundled sample, by whichever path it was named."""
    return path.resolve() == SAMPLE_PATH.resolve()

"""Files of weights that packages carry: found without running the packages, and verified."""

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from contract.manifest import sha256_of
from trainer.errors import TrainerError


def packaged_files(
    distribution: str,
    package: str,
    folder: str,
    files: Mapping[str, str],
    *,
    otherwise: str = "",
) -> tuple[Path, ...]:
    """The paths of files that an installed package carries.

    Args:
        distribution: what one installs.
        package: the top-level package in it; none of its code is run.
        folder: inside the package.
        files: the names of the files, each with its SHA-256 in hexadecimal.
        otherwise: what one may do instead of installing it, for the message.

    Raises:
        TrainerError: the package is missing, or a file is not the expected one.
    """
    spec = find_spec(package)  # finding a top-level package runs none of its code
    if spec is None or not spec.submodule_search_locations:
        raise TrainerError(
            f"the package {distribution} is not installed: install it without its dependencies"
            + (f", or {otherwise}" if otherwise else "")
        )
    directory = Path(spec.submodule_search_locations[0]) / folder
    paths = tuple(directory / name for name in files)
    for path, expected in zip(paths, files.values(), strict=True):
        actual = sha256_of(path) if path.is_file() else "no such file"
        if actual != expected:
            raise TrainerError(
                f"{path} is not the expected file (SHA-256 {actual}, not {expected}): "
                f"install its package {distribution} again"
            )
    return paths

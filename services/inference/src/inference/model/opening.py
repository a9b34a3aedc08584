"""Opening a bundle at the precision asked for, or at the one that this processor bears."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from contract.bundle import Bundle
from contract.errors import BundleError
from contract.manifest import QUANTISED_MODEL, Manifest
from inference.logging import fields

WantedPrecision = Literal["auto", "fp32", "int8"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Opened:
    """A verified bundle.

    Attributes:
        bundle: its graph is loaded and warm.
        fallback: why the fp32 graph serves although the bundle has an int8 one and nobody asked
            for fp32; None otherwise.
    """

    bundle: Bundle
    fallback: str | None = None


def open_bundle(path: Path, wanted: WantedPrecision) -> Opened:
    """Open a bundle and repeat its golden texts, which also warms the graph.

    Dynamic int8 answers differently on different processors (those without VNNI saturate), so
    `auto` takes the int8 graph only where it reproduces its golden outputs here.

    Args:
        path: the bundle's directory.
        wanted: `auto`, or the graph that it must be.

    Raises:
        BundleError: the bundle is refused; for `auto`, its fp32 graph too.
    """
    if wanted != "auto":
        return Opened(Bundle.open(path, precision=wanted))
    if QUANTISED_MODEL not in Manifest.read(path).files:
        return Opened(Bundle.open(path))
    try:
        return Opened(Bundle.open(path, precision="int8"))
    except BundleError as error:
        opened = Opened(Bundle.open(path), fallback=str(error))
        _log.warning(
            "the int8 graph is refused here, fp32 serves", extra=fields(reason=opened.fallback)
        )
        return opened

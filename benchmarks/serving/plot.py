"""The comparison as a picture."""

import statistics
from collections.abc import Sequence
from pathlib import Path

from benchmarks.serving.measuring import SHARES
from benchmarks.serving.rounds import OURS, Round


def write_plot(rounds: Sequence[Round], path: Path) -> None:
    """Draw requests a second and answer times of every service.

    Args:
        rounds: all of them.
        path: of the PNG.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    names = sorted(
        rounds[0].figures,
        key=lambda name: statistics.median(one.figures[name].per_second for one in rounds),
    )
    figure = Figure(figsize=(12, 0.5 * len(names) + 2), layout="constrained")
    FigureCanvasAgg(figure)
    speed, times = figure.subplots(1, 2, sharey=True)
    places = range(len(names))
    speeds = [[one.figures[name].per_second for one in rounds] for name in names]
    middles = [statistics.median(values) for values in speeds]
    spread = [
        [middle - min(values) for middle, values in zip(middles, speeds, strict=True)],
        [max(values) - middle for middle, values in zip(middles, speeds, strict=True)],
    ]
    colours = ["tab:orange" if name == OURS else "tab:blue" for name in names]
    speed.barh(places, middles, xerr=spread, color=colours, capsize=3)
    speed.set_yticks(places, names)
    speed.set_xlabel("requests/s at saturation: median, least and most of the rounds")
    for marker, place in zip("os^", (None, *range(len(SHARES))), strict=True):
        medians = [
            1_000
            * statistics.median(
                one.figures[name].alone if place is None else one.figures[name].loaded[place][1]
                for one in rounds
            )
            for name in names
        ]
        label = "alone, p50" if place is None else f"{SHARES[place]:.0%} of its saturation, p99"
        times.plot(medians, places, marker, label=label)
    times.set_xscale("log")
    times.set_xlabel("milliseconds")
    times.legend()
    draft = path.with_name(f".draft-{path.name}")
    figure.savefig(draft, dpi=120)
    draft.replace(path)

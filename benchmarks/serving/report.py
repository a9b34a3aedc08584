"""What the rounds come to: ratios, the table and the last line."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.serving.catalogue import Choice, Peer
from benchmarks.serving.measuring import SHARES
from benchmarks.serving.rounds import OURS, Round


@dataclass(frozen=True)
class Ratio:
    """Our figure over another's, or the other way round where less is better: the median round.

    Attributes:
        median: over the rounds.
        least: of them.
        most: of them.
    """

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, ratios: Sequence[float]) -> "Ratio":
        """Of the ratio of each round."""
        return cls(statistics.median(ratios), min(ratios), max(ratios))


def ratios(
    rounds: Sequence[Round], peers: Sequence[Peer], missing: Sequence[Peer]
) -> dict[str, Ratio | None]:
    """The ratio of each key of the last line.

    Within a round both were measured minutes apart at most, so what slows the machine for longer
    does not count.

    Args:
        rounds: all of them.
        peers: what ran in them.
        missing: what was asked for and could not.
    """
    found: dict[str, Ratio | None] = {}
    for peer in peers:
        found[peer.key] = Ratio.of(
            [one.figures[OURS].per_second / one.figures[peer.name].per_second for one in rounds]
        )
        if peer.name == "litserve":
            found["p50_vs_litserve"] = Ratio.of(
                [one.figures[OURS].alone / one.figures[peer.name].alone for one in rounds]
            )
    found.update({peer.key: None for peer in missing})
    loops = [one.batches.per_second / one.loop for one in rounds if one.batches and one.loop]
    if loops:
        found["vs_bare_loop"] = Ratio.of(loops)
    return found


def last_line(found: Mapping[str, Ratio | None]) -> dict[str, object]:
    """The medians by key, and the range of each over the rounds."""
    ranges = {
        key: [round(ratio.least, 3), round(ratio.most, 3)]
        for key, ratio in found.items()
        if ratio is not None
    }
    medians = {key: ratio and round(ratio.median, 3) for key, ratio in found.items()}
    return {**medians, "ranges": ranges}


def table(
    rounds: Sequence[Round],
    peers: Sequence[Peer],
    choices: Mapping[str, Choice],
    idle: Mapping[str, float],
    found: Mapping[str, Ratio | None],
) -> str:
    """All figures as Markdown: medians over the rounds.

    Args:
        rounds: all of them.
        peers: what ran in them.
        choices: the settings of each.
        idle: share of a core that each used while nobody asked.
        found: see `ratios`.
    """
    loaded = [f"{share:.0%}: p50, p99 ms" for share in SHARES]
    heads = ["service", "requests/s (range)", "ours / it", "alone p50 ms", *loaded]
    heads += ["failed", "idle"]
    lines = [_row(heads), _row(["---"] * len(heads))]
    for name, key in [(OURS, ""), *((peer.name, peer.key) for peer in peers)]:
        figures = [one.figures[name] for one in rounds]
        ratio = found.get(key)
        speeds = [one.per_second for one in figures]
        cells = [
            name,
            f"{statistics.median(speeds):.0f} ({min(speeds):.0f} to {max(speeds):.0f})",
            _spoken(ratio) if ratio else "",
            _milliseconds([one.alone for one in figures]),
        ]
        for place in range(len(SHARES)):
            quantiles = zip(*(one.loaded[place] for one in figures), strict=True)
            cells.append(", ".join(_milliseconds(values) for values in quantiles))
        failed = sum(one.failures for one in figures)
        cells += [f"{failed} of {sum(one.requests for one in figures)}", f"{idle[name]:.1%}"]
        lines.append(_row(cells))
    batches = [one.batches for one in rounds if one.batches]
    loops = [one.loop for one in rounds if one.loop]
    if batches and (ratio := found.get("vs_bare_loop")):
        ours = statistics.median(one.per_second for one in batches)
        failed = f"{sum(one.failures for one in batches)} of {sum(one.requests for one in batches)}"
        lines += [
            "",
            f"Batch endpoint {ours:.0f} tweets/s (failed {failed}), bare loop "
            f"{statistics.median(loops):.0f}: {_spoken(ratio)}.",
        ]
    if ratio := found.get("p50_vs_litserve"):
        lines.append(f"p50 of one client over LitServe's: {_spoken(ratio)}.")
    lines.append("")
    for peer in peers:
        lines.append(f"{peer.name}: {peer.includes}; {_settings(choices[peer.name])}")
    return "\n".join(lines)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _spoken(ratio: Ratio) -> str:
    return f"{ratio.median:.2f} ({ratio.least:.2f} to {ratio.most:.2f})"


def _milliseconds(seconds: Sequence[float]) -> str:
    return f"{1_000 * statistics.median(seconds):.1f}"


def _settings(choice: Choice) -> str:
    return ", ".join(f"{name}={value}" for name, value in choice.items())

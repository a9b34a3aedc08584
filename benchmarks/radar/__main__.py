"""How well the radar sees surges, and whether it counts every mention once.

    make bench-radar
    python -m benchmarks.radar simulated --runs 20
    python -m benchmarks.radar airline        (needs TWEETS_DIR)
    python -m benchmarks.radar replay

Each prints progress on standard error, a table, and last one line of JSON.

`simulated`: traffic whose surges are known (see `simulated.py`). `false_alarms_per_day`,
`median_delay_minutes` from a surge's beginning to its alarm, `found_share`; under `per_hour`, the
same where the dispersion belongs to whole hours. Thresholds come from the budget of false alarms;
the charts' shares of it were chosen on the seeds below 1,000, which are not used here.

`airline`: see `airline.py`. `replay`: see `replayed.py`.
"""

import argparse
import json

from benchmarks.radar.simulated import measure, summary

from inference.radar.detection.monitor import Options
from trainer.progress import shown

FIRST_SEED = 1_000
"""Smaller seeds were looked at while charts and budgets were chosen."""


def main() -> None:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(prog="benchmarks.radar", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument(
        "what", nargs="?", choices=("simulated", "airline", "replay"), default="simulated"
    )
    parser.add_argument("--runs", type=int, default=20, help="simulated feeds of 42 days [20]")
    parser.add_argument("--mentions", type=int, default=100_000, help="mentions to replay [100000]")
    parser.add_argument("--model", help="bundle to replay with [naive Bayes on the sample]")
    options = parser.parse_args()
    for name in ("runs", "mentions"):
        if getattr(options, name) < 1:
            parser.error(f"--{name} must be 1 or more")
    if options.what == "airline":
        from benchmarks.radar.airline import measure_airline  # it alone needs scikit-learn

        figures = measure_airline()
    elif options.what == "replay":
        from benchmarks.radar.replayed import measure_replay

        figures = measure_replay(options.mentions, options.model)
    else:
        figures = _simulated(options.runs)
    print(json.dumps(figures))


def _simulated(runs: int) -> dict[str, object]:
    seeds = range(FIRST_SEED, FIRST_SEED + runs)
    options = Options()
    found = {}
    with shown() as progress:
        for name, how in (
            ("per_bucket", {}),
            ("whole_buckets", {"early": False}),
            ("per_hour", {"per_hour": True}),
        ):
            progress.start(name, runs)
            found[name] = summary(measure(seeds, options, progress.advance, **how))
    print(f"{'':14} {'false/day':>9} {'delay min':>9} {'found':>7} {'surges':>7}")
    for name, row in found.items():
        print(
            f"{name:14} {row['false_alarms_per_day']:9} {row['median_delay_minutes'] or '-':>9} "
            f"{row['found_share']:7} {row['surges']:7}"
        )
    return {
        **found["per_bucket"],
        "budget_per_day": options.false_alarms_per_day,
        "whole_buckets": found["whole_buckets"],
        "per_hour": found["per_hour"],
    }


if __name__ == "__main__":
    main()

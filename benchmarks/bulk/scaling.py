"""How scoring on Ray scales from one node to two, on this machine.

    python -m benchmarks.bulk.scaling --rows 4000

Nodes are processes of their own that speak over loopback, each with one core. Prints last one line
of JSON: tweets a second on one node and on two, and `scaling`, the ratio. Starting workers and
opening models is included; `--rows` says how much that weighs.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

from benchmarks.bulk.tweets import real_or_generated, write_tweets
from benchmarks.serving.model import prepare_model
from benchmarks.serving.workdir import Workdir, default_path

from trainer.progress import shown

BLOCK_ROWS = 512


def main() -> None:
    """Measure with one node, add one, and measure again."""
    import ray
    from ray.cluster_utils import Cluster

    from inference.bulk.blocks import CuttingOptions
    from inference.bulk.job import ScoringOptions, run_scoring

    parser = argparse.ArgumentParser(prog="benchmarks.bulk.scaling", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--rows", type=int, default=8_192, help="tweets [8192]")
    parser.add_argument("--bundle", help="to score with; without: MiniLM, made if it was not yet")
    parser.add_argument("--workdir", type=Path, default=default_path(), help=f"[{default_path()}]")
    options = parser.parse_args()
    bundle = options.bundle
    if bundle is None:
        with shown() as progress:
            options.workdir.mkdir(parents=True, exist_ok=True)
            bundle = prepare_model(Workdir(options.workdir.resolve()), progress).bundle
    texts, source = real_or_generated(options.rows)
    speeds = []
    with tempfile.TemporaryDirectory(prefix="bench-bulk-") as folder:
        tweets = Path(folder) / "tweets.csv"
        write_tweets(tweets, texts)
        cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
        try:
            for nodes in (1, 2):
                if nodes > 1:
                    cluster.add_node(num_cpus=1)
                    cluster.wait_for_nodes()
                outcome = run_scoring(
                    ScoringOptions(
                        inputs=[str(tweets)],
                        output=f"{folder}/{nodes}",
                        output_format="parquet",
                        model=bundle,
                        precision="fp32",
                        tracking_uri="",
                        cutting=CuttingOptions(block_rows=BLOCK_ROWS),
                        engine="ray",
                        address=cluster.address,
                        threads=0,
                    ),
                    sys.stderr,
                )
                speeds.append(outcome.tweets_per_second)
        finally:
            ray.shutdown()
            cluster.shutdown()
    one, two = speeds
    print(f"{len(texts):,} tweets of {source}, blocks of {BLOCK_ROWS}")
    figures = {"one_node": round(one, 1), "two_nodes": round(two, 1)}
    print(json.dumps(figures | {"scaling": round(two / one, 2)}))


if __name__ == "__main__":
    main()

"""The limit: ONNX Runtime called in a loop, without HTTP, queue, checks or storage.

Text steps, tokenizing, batches of like length and softmax are included. Threads take turns at
pieces of the tweets; each computes with one thread of its own on one shared session. Prints tweets
a second.
"""

import argparse
import itertools
import json
import threading
import time
from pathlib import Path

from contract.bundle import Bundle


def main() -> None:
    """Run for some seconds and print the speed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bundle")
    parser.add_argument("tweets", type=Path, help="a JSON list of texts")
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--piece", type=int, required=True, help="tweets sorted together")
    parser.add_argument("--tokens", type=int, required=True, help="ids in one batch")
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--precision", choices=("fp32", "int8"), default="int8")
    options = parser.parse_args()
    bundle = Bundle.open(options.bundle, precision=options.precision)
    texts = json.loads(options.tweets.read_text(encoding="utf-8"))
    pieces = [texts[at : at + options.piece] for at in range(0, len(texts), options.piece)]
    bundle.probabilities(pieces[0], token_budget=options.tokens)  # warm-up
    turns, lock = itertools.cycle(pieces), threading.Lock()
    done = [0] * options.threads
    ended = [0.0] * options.threads
    started = time.perf_counter()

    def work(place: int) -> None:
        while (ended[place] or started) - started < options.seconds:
            with lock:
                piece = next(turns)
            bundle.probabilities(piece, token_budget=options.tokens)
            done[place] += len(piece)
            ended[place] = time.perf_counter()

    threads = [threading.Thread(target=work, args=[place]) for place in range(options.threads)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # Each thread by its own time: the last piece of one must not count against the other.
    print(sum(count / (end - started) for count, end in zip(done, ended, strict=True)))


if __name__ == "__main__":
    main()

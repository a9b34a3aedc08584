"""The API against everything a user might pick instead, in one run.

    make bench-serving
    python -m benchmarks.serving --peers litserve bare-loop --rounds 3 --seconds 2

Prints progress on standard error, a table, and last one line of JSON. Every service has the same
weights (all-MiniLM-L6-v2 with one layer on top), tokenizer, text steps and tweets, and two cores
which it shares with the load. The API runs as `inference serve` does by default: it keeps every
prediction before it answers. Rounds are in turn; a key is the median of their ratios, and `ranges`
has the least and the most.

`vs_mlflow_keras`, `vs_mlflow_ours`, `vs_fastapi_predict`, `vs_fastapi_function`, `vs_litserve`,
`vs_mlserver`, `vs_infinity`: requests a second of 64 clients, ours over theirs; null where MLServer
or infinity does not run, with the reason above. `vs_bare_loop`: tweets a second of our batch
endpoint over those of ONNX Runtime in a loop that tokenises and sorts too. `p50_vs_litserve`: the
median answer time of one client, ours over theirs.

The first run installs each peer into an environment of its own (about 9 GB, infinity's PyTorch 6 of
them), trains the model, and tries every peer's settings; later ones begin at once. Some 12 GB of
memory are needed for all at once.
"""

import argparse
import json
import os
import signal
import sys
import time
import urllib.request
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path

from benchmarks.api import running_api
from benchmarks.load import Target
from benchmarks.serving.catalogue import BARE_LOOP, CORES, PEERS, Choice, Peer
from benchmarks.serving.environments import environment_python
from benchmarks.serving.measuring import CHECKED, Service, check_answers, warm_up
from benchmarks.serving.model import ServedModel, prepare_model
from benchmarks.serving.plot import write_plot
from benchmarks.serving.report import last_line, ratios, table
from benchmarks.serving.rounds import OURS, Loop, Round, run_round
from benchmarks.serving.servers import Server, processor_seconds, put_to_sleep, running
from benchmarks.serving.tuning import chosen_loop, chosen_settings
from benchmarks.serving.tweets import prepare_tweets
from benchmarks.serving.workdir import BenchmarkError, Workdir, default_path, write_whole

from contract.bundle import Bundle
from contract.text.pipeline import TextSteps
from trainer.errors import TrainerError
from trainer.progress import Progress, shown

WARM_SECONDS = 3.0
IDLE_SECONDS = 5.0
MOST_IDLE = 0.03
"""Share of a core that a service may use unasked before it disturbs the others' turns."""


@dataclass
class Prepared:
    """Everything that was made before the rounds.

    Attributes:
        model: in all its forms.
        texts: the tweets in their order.
        stepped: the same after the text steps.
        expected: label of each of the first tweets.
        choices: settings by peer.
        loop: settings of the bare loop, if it is compared.
        missing: peers that were asked for and do not run.
    """

    model: ServedModel
    texts: list[str]
    stepped: list[str]
    expected: list[str]
    choices: dict[str, Choice] = field(default_factory=dict)
    loop: Loop | None = None
    missing: list[Peer] = field(default_factory=list)

    def service(self, peer: Peer, server: Server) -> Service:
        """The requests for a server of a peer."""
        target = Target.of(server.url)
        texts = self.texts if peer.text_steps else self.stepped
        requests = [target.request(peer.path, peer.body(text)) for text in texts]
        return Service(peer.name, target, requests, peer.label)


def main() -> None:
    """Prepare, compare, and print what came of it."""
    options = _options()
    if hasattr(os, "sched_setaffinity"):  # for all that is started from here, too
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
    signal.signal(signal.SIGTERM, _interrupt)  # so that every server is stopped then, too
    workdir = Workdir(options.workdir.expanduser().resolve())
    workdir.path.mkdir(parents=True, exist_ok=True)
    try:
        with shown() as progress:
            prepared = _prepare(workdir, options.peers, progress)
            peers = [peer for peer in PEERS if peer.name in prepared.choices]
            if options.prepare:
                return
            rounds, idle = _compare(workdir, prepared, peers, options, progress)
    except (BenchmarkError, TrainerError, RuntimeError) as error:
        sys.exit(f"benchmarks.serving: {error}")
    except KeyboardInterrupt:
        sys.exit("benchmarks.serving: stopped; what was prepared is kept")
    peers = [peer for peer in peers if peer not in prepared.missing]
    found = ratios(rounds, peers, prepared.missing)
    print(table(rounds, peers, prepared.choices, idle, found))
    for name, share in idle.items():
        if share > MOST_IDLE:
            sleeps = "" if name == OURS else ", so it slept outside its turns"
            print(f"{name} used {share:.0%} of a core unasked{sleeps}")
    write_whole(workdir.path / "rounds.json", json.dumps([asdict(one) for one in rounds]))
    write_plot(rounds, workdir.path / "serving.png")
    print(f"rounds.json and serving.png are in {workdir.path}")
    print(json.dumps(last_line(found)))


def _prepare(workdir: Workdir, names: Sequence[str], progress: Progress) -> Prepared:
    texts, source = prepare_tweets(workdir, progress)
    print(f"{len(texts)} tweets of {source}, {sum(map(len, texts)) / len(texts):.0f} characters")
    model = prepare_model(workdir, progress)
    bundle = Bundle.open(model.bundle)
    steps = TextSteps(bundle.manifest.text_steps)
    prepared = Prepared(
        model,
        texts,
        [steps.apply(text) for text in texts],
        [answer.label for answer in bundle.predict(texts[:CHECKED])],
    )
    peers = [peer for peer in PEERS if peer.name in names]
    progress.start("environments", len(peers) + 1)
    for peer in peers:
        try:
            environment_python(workdir, peer.requirements)
        except BenchmarkError as error:
            _without(peer, error, prepared)
        progress.advance(1, peer.requirements)
    environment_python(workdir, "onnxruntime")
    progress.advance()
    for peer in peers:
        if peer in prepared.missing:
            continue
        try:
            prepared.choices[peer.name] = chosen_settings(
                peer,
                partial(prepared.service, peer),
                prepared.expected,
                model,
                workdir,
                progress,
            )
        except BenchmarkError as error:
            _without(peer, error, prepared)
    if BARE_LOOP in names:
        prepared.loop = Loop(chosen_loop(model, workdir, progress), model, workdir)
    return prepared


def _without(peer: Peer, error: BenchmarkError, prepared: Prepared) -> None:
    """Go on without a peer.

    Raises:
        BenchmarkError: it may not be missing.
    """
    if not peer.optional:
        raise error
    print(f"without {peer.name}: {error}")
    prepared.missing.append(peer)


def _compare(
    workdir: Workdir,
    prepared: Prepared,
    peers: Sequence[Peer],
    options: argparse.Namespace,
    progress: Progress,
) -> tuple[list[Round], dict[str, float]]:
    """The rounds, and the share of a core that each service used while nobody asked."""
    with ExitStack() as stack:
        progress.start("start", len(peers) + 1)
        api = stack.enter_context(
            running_api(prepared.model.champion, MLFLOW_TRACKING_URI=prepared.model.tracking_uri)
        )
        _check_precision(api.url)
        target = Target.of(api.url)
        requests = [target.request("/v1/predict", {"text": text}) for text in prepared.texts]
        services = [Service(OURS, target, requests, lambda answer: str(answer["label"]))]
        pids = {OURS: api.process.pid}
        progress.advance(1, OURS)
        for peer in peers:
            try:
                server = stack.enter_context(
                    running(peer, prepared.choices[peer.name], prepared.model, workdir)
                )
            except BenchmarkError as error:
                _without(peer, error, prepared)
            else:
                services.append(prepared.service(peer, server))
                pids[peer.name] = server.pid
            progress.advance(1, peer.name)
        progress.start("warm up", len(services))
        for service in services:
            check_answers(service, prepared.expected, prepared.model.labels)
            warm_up(service, WARM_SECONDS)
            progress.advance(1, service.name)
        idle = _idle(pids)
        for place, service in enumerate(services):
            if service.name != OURS and idle[service.name] > MOST_IDLE:
                put_to_sleep(pids[service.name])
                services[place] = replace(service, sleeper=pids[service.name])
        turns = len(services) + (prepared.loop is not None)
        progress.start("rounds", options.rounds * turns)
        rounds = [
            run_round(
                number,
                services,
                (target, prepared.texts),
                prepared.loop,
                options.seconds,
                progress,
            )
            for number in range(options.rounds)
        ]
    return rounds, idle


def _check_precision(url: str) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{url}/v1/model", timeout=10) as answer:
        model = json.load(answer)
    if model["precision"] != "int8":
        raise BenchmarkError(f"the API serves {model['precision']} here: {model.get('fallback')}")


def _idle(pids: dict[str, int]) -> dict[str, float]:
    before = {name: processor_seconds(pid) for name, pid in pids.items()}
    time.sleep(IDLE_SECONDS)
    return {
        name: (processor_seconds(pid) - before[name]) / IDLE_SECONDS for name, pid in pids.items()
    }


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _options() -> argparse.Namespace:
    names = [*(peer.name for peer in PEERS), BARE_LOOP]
    parser = argparse.ArgumentParser(prog="benchmarks.serving", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument(
        "--peers",
        nargs="+",
        choices=names,
        default=names,
        metavar="PEER",
        help=f"what to compare with, of {', '.join(names)} [all]",
    )
    parser.add_argument("--rounds", type=int, default=5, help="turns of each [5]")
    parser.add_argument("--seconds", type=float, default=4.0, help="of each phase of a turn [4]")
    parser.add_argument("--prepare", action="store_true", help="prepare everything, and end")
    parser.add_argument(
        "--workdir", type=Path, default=default_path(), help="keeps what is prepared [%(default)s]"
    )
    options = parser.parse_args()
    if options.rounds < 1:
        parser.error("--rounds must be 1 or more")
    if not options.seconds >= 0.1:
        parser.error("--seconds must be 0.1 or more")
    return options


if __name__ == "__main__":
    main()

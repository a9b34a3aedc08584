"""Every peer at its best: a short scan of its settings, kept for later runs."""

import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from benchmarks.serving.catalogue import BARE_CHOICES, BARE_LOOP, CORES, Choice, Peer
from benchmarks.serving.environments import environment_python
from benchmarks.serving.measuring import Service, alone, check_answers, saturation, warm_up
from benchmarks.serving.model import ServedModel
from benchmarks.serving.servers import Server, running
from benchmarks.serving.workdir import PEERS, BenchmarkError, Workdir, digest, write_whole

from trainer.progress import Progress

WARM_SECONDS = 2.0
SCAN_SECONDS = 3.0
LOOP_SECONDS = 2.0
CLOSE = 0.95
"""Share of the best requests a second at which the one that answers sooner is taken."""


@dataclass(frozen=True)
class Tried:
    """A choice and what it gave; nothing where it did not start.

    Attributes:
        choice: the settings.
        per_second: requests answered a second at saturation.
        alone: median seconds of an answer to the only client.
        error: why it gave nothing.
    """

    choice: Choice
    per_second: float = 0.0
    alone: float = float("inf")
    error: str = ""


def best(tried: list[Tried]) -> Tried:
    """The quickest to answer one client among those near the most requests a second.

    Raises:
        BenchmarkError: none started.
    """
    most = max(one.per_second for one in tried)
    if not most:
        raise BenchmarkError(tried[-1].error)
    return min((one for one in tried if one.per_second >= CLOSE * most), key=lambda one: one.alone)


def chosen_settings(
    peer: Peer,
    serve: Callable[[Server], Service],
    expected: list[str],
    model: ServedModel,
    workdir: Workdir,
    progress: Progress,
) -> Choice:
    """The best settings of a peer, from an earlier scan where nothing it rests on has changed.

    Args:
        peer: which.
        serve: what makes requests for a server of it.
        expected: the labels of the first tweets.
        model: what it serves.
        workdir: keeps what was found.
        progress: told of each choice.

    Raises:
        BenchmarkError: it starts with none of its settings, or answers wrongly.
    """
    wanted = digest(
        PEERS / f"{peer.requirements}.txt",
        *sorted(PEERS.glob("*.py")),
        [list(choice.items()) for choice in peer.choices],
        list(peer.command),
        dict(peer.environment),
    )
    if (kept := _kept(workdir, peer.name, wanted)) is not None:
        return kept
    progress.start(f"settings of {peer.name}", len(peer.choices))
    tried = []
    for choice in peer.choices:
        try:
            with running(peer, choice, model, workdir) as server:
                service = serve(server)
                check_answers(service, expected, model.labels)
                warm_up(service, WARM_SECONDS)
                speed = saturation(service, SCAN_SECONDS).per_second
                tried.append(Tried(choice, speed, alone(service, SCAN_SECONDS / 2).quantile(0.5)))
        except BenchmarkError as error:
            tried.append(Tried(choice, error=str(error)))
        progress.advance(1, f"{_spoken(choice)}: {tried[-1].per_second:.0f}/s")
    return _keep(workdir, peer.name, wanted, tried)


def chosen_loop(model: ServedModel, workdir: Workdir, progress: Progress) -> Choice:
    """The best settings of the bare loop, found and kept likewise.

    Raises:
        BenchmarkError: it does not run.
    """
    wanted = digest(PEERS / "bare_loop.py", list(map(dict, BARE_CHOICES)), workdir.tweets)
    if (kept := _kept(workdir, BARE_LOOP, wanted)) is not None:
        return kept
    progress.start(f"settings of {BARE_LOOP}", len(BARE_CHOICES))
    tried = []
    for choice in BARE_CHOICES:
        tried.append(Tried(choice, bare_loop(choice, model, workdir, LOOP_SECONDS), 0.0))
        progress.advance(1, f"{_spoken(choice)}: {tried[-1].per_second:.0f} tweets/s")
    return _keep(workdir, BARE_LOOP, wanted, tried)


def bare_loop(choice: Choice, model: ServedModel, workdir: Workdir, seconds: float) -> float:
    """Tweets a second of ONNX Runtime in a loop.

    Raises:
        BenchmarkError: the loop failed; the message has its last words.
    """
    python = environment_python(workdir, "onnxruntime")
    done = subprocess.run(
        [
            *(str(python), str(PEERS / "bare_loop.py"), model.bundle, str(workdir.tweets)),
            *("--threads", str(CORES), "--seconds", str(seconds)),
            *("--piece", choice["PIECE"], "--tokens", choice["TOKENS"]),
            *("--precision", choice.get("PRECISION", "int8")),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BenchmarkError(f"the bare loop failed:\n{done.stderr[-1_000:]}")
    return float(done.stdout)


def _spoken(choice: Choice) -> str:
    return " ".join(f"{name}={value}" for name, value in choice.items())


def _kept(workdir: Workdir, name: str, wanted: str) -> Choice | None:
    entry = _read(workdir).get(name)
    return entry["chosen"] if entry and entry["made_of"] == wanted else None


def _keep(workdir: Workdir, name: str, wanted: str, tried: list[Tried]) -> Choice:
    chosen = best(tried).choice
    entry = {
        "made_of": wanted,
        "chosen": chosen,
        "tried": [
            {"choice": one.choice, "per_second": round(one.per_second, 1), "error": one.error}
            for one in tried
        ],
    }
    write_whole(workdir.settings, json.dumps(_read(workdir) | {name: entry}, indent=2))
    return chosen


def _read(workdir: Workdir) -> dict[str, Any]:
    if not workdir.settings.is_file():
        return {}
    entries: dict[str, Any] = json.loads(workdir.settings.read_text(encoding="utf-8"))
    return entries

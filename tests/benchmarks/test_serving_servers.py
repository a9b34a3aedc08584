"""Peers as processes: ready, asked, and gone afterwards."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from benchmarks.load import Target
from benchmarks.serving.catalogue import Peer
from benchmarks.serving.measuring import Service, check_answers, measure
from benchmarks.serving.model import ServedModel
from benchmarks.serving.servers import STOP_SECONDS, awake, processor_seconds, put_to_sleep, running
from benchmarks.serving.tuning import bare_loop, chosen_settings
from benchmarks.serving.workdir import BenchmarkError, Workdir

from trainer.progress import NoProgress

MakePeer = Callable[..., Peer]


def service(peer: Peer, url: str) -> Service:
    target = Target.of(url)
    requests = [target.request(peer.path, peer.body(text)) for text in ("hm", "well", "so")]
    return Service(peer.name, target, requests, peer.label)


def sleeps(process: psutil.Process) -> bool:
    """Whether it does within a moment: signals take theirs."""
    deadline = time.monotonic() + 2
    while process.status() != psutil.STATUS_STOPPED and time.monotonic() < deadline:
        time.sleep(0.01)
    return process.status() == psutil.STATUS_STOPPED


@pytest.mark.parametrize("how", [None, KeyboardInterrupt, BenchmarkError])
def test_a_server_and_its_children_are_gone_afterwards(
    peer: MakePeer,
    served: ServedModel,
    workdir: Workdir,
    tmp_path: Path,
    wait_until_gone: Callable[..., None],
    how: type[BaseException] | None,
) -> None:
    note = tmp_path / "child"
    pids: list[int] = []

    def use() -> None:
        with running(peer(f"parent:{note}"), {}, served, workdir) as server:
            pids.extend([server.pid, int(note.read_text())])
            if how is not None:
                raise how

    started = time.monotonic()
    if how is None:
        use()
    else:
        with pytest.raises(how):
            use()
    wait_until_gone(pids, 5)
    assert len(pids) == 2
    assert time.monotonic() - started < STOP_SECONDS  # both were asked to end, not killed


def test_a_server_sleeps_between_its_turns_and_still_ends(
    peer: MakePeer,
    served: ServedModel,
    workdir: Workdir,
    wait_until_gone: Callable[..., None],
) -> None:
    one = peer()
    with running(one, {}, served, workdir) as server:
        process = psutil.Process(server.pid)
        put_to_sleep(server.pid)
        assert sleeps(process)
        with awake(server.pid):
            check_answers(service(one, server.url), ["positive"] * 2, served.labels)
        assert sleeps(process)
        with awake(None):
            assert sleeps(process)
        started = time.monotonic()
    wait_until_gone([server.pid], 1)
    assert time.monotonic() - started < STOP_SECONDS  # it was asked to end, not killed


def test_a_server_that_ends_shows_the_end_of_its_log(
    peer: MakePeer, served: ServedModel, workdir: Workdir
) -> None:
    with (
        pytest.raises(BenchmarkError, match=r"simple ended[\s\S]*cannot find the model[\s\S]*Mend"),
        running(peer("broken"), {}, served, workdir),
    ):
        pytest.fail("it never ran")


@pytest.mark.parametrize(
    ("behaviour", "expected", "reason"),
    [
        ("failing", "positive", "status 500: b'no'"),
        ("strange", "positive", "in another form"),
        ("", "negative", "0% of the tweets"),
    ],
)
def test_what_answers_wrongly_is_not_measured(
    peer: MakePeer,
    served: ServedModel,
    workdir: Workdir,
    behaviour: str,
    expected: str,
    reason: str,
) -> None:
    one = peer(behaviour)
    with (
        running(one, {}, served, workdir) as server,
        pytest.raises(BenchmarkError, match=reason),
    ):
        check_answers(service(one, server.url), [expected] * 3, served.labels)


def test_a_turn_measures_speed_times_and_failures(
    peer: MakePeer, served: ServedModel, workdir: Workdir
) -> None:
    one = peer("slow")
    with running(one, {}, served, workdir) as server:
        asked = service(one, server.url)
        check_answers(asked, ["positive"] * 2, served.labels)
        figures = measure(asked, 0.4, seed=0)
        assert processor_seconds(server.pid) > 0
    assert figures.failures == 0
    assert figures.requests > 64
    # Its 20 ms are waited for in threads, so many at once take hardly longer than one.
    assert 0.02 <= figures.alone < 0.2
    assert figures.per_second > 2 / figures.alone
    assert all(0.02 <= p50 <= p99 for p50, p99 in figures.loaded)


def test_what_answers_nothing_has_no_speed(
    peer: MakePeer, served: ServedModel, workdir: Workdir
) -> None:
    one = peer("failing")
    with (
        running(one, {}, served, workdir) as server,
        pytest.raises(BenchmarkError, match="simple answered none"),
    ):
        measure(service(one, server.url), 0.2, seed=0)


def test_the_best_settings_are_found_once(
    peer: MakePeer, served: ServedModel, workdir: Workdir, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("WARM_SECONDS", "SCAN_SECONDS"):
        monkeypatch.setattr(f"benchmarks.serving.tuning.{name}", 0.3)
    slow, quick, broken = ({"BEHAVIOUR": name} for name in ("slow", "", "broken"))
    one = peer(choices=(slow, quick, broken))
    expected = ["positive"] * 2

    def choose(asked: Peer) -> dict[str, str]:
        return dict(
            chosen_settings(
                asked,
                lambda server: service(asked, server.url),
                expected,
                served,
                workdir,
                NoProgress(),
            )
        )

    assert choose(one) == quick
    tried = json.loads(workdir.settings.read_text())["simple"]["tried"]
    assert [entry["choice"] for entry in tried] == [slow, quick, broken]
    assert "cannot find the model" in tried[2]["error"]
    monkeypatch.setattr(
        "benchmarks.serving.tuning.running", lambda *_: pytest.fail("it was tried again")
    )
    assert choose(one) == quick


def test_a_peer_that_starts_with_no_settings_says_why(
    peer: MakePeer, served: ServedModel, workdir: Workdir
) -> None:
    one = peer(choices=({"BEHAVIOUR": "broken"},))
    with pytest.raises(BenchmarkError, match="cannot find the model"):
        chosen_settings(
            one,
            lambda server: service(one, server.url),
            ["positive"],
            served,
            workdir,
            NoProgress(),
        )
    assert not workdir.settings.exists()


def test_the_bare_loop_runs_a_bundle(served: ServedModel, workdir: Workdir) -> None:
    workdir.tweets.write_text(json.dumps(["lovely gate", "never late again", ""] * 50))
    choice = {"PIECE": "64", "TOKENS": "256", "PRECISION": "fp32"}
    assert bare_loop(choice, served, workdir, 0.2) > 100


def test_the_bare_loop_says_why_it_fails(served: ServedModel, workdir: Workdir) -> None:
    workdir.tweets.write_text(json.dumps(["lovely gate"]))
    with pytest.raises(BenchmarkError, match="no int8 graph"):
        bare_loop({"PIECE": "64", "TOKENS": "256"}, served, workdir, 0.2)

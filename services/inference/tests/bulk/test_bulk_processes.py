"""Bag-of-features models are scored in processes: same answers, whoever dies on the way."""

import signal
import threading

import pytest

from inference.bulk.errors import BulkError

psutil = pytest.importorskip("psutil", reason="needs requirements/dev")


def workers(of=None):
    """The processes that a process has begun for scoring, this one without `of`."""
    return [
        child
        for child in psutil.Process(of).children()
        if "multiprocessing.spawn" in " ".join(child.cmdline())
    ]


class Run(threading.Thread):
    """A scoring in this process, beside the test."""

    def __init__(self, score, *arguments, **options):
        super().__init__()
        self._score, self._arguments, self._options = score, arguments, options
        self.outcome = self.error = None

    def run(self):
        try:
            self.outcome = self._score(*self._arguments, **self._options)
        except BulkError as error:
            self.error = error


def test_processes_answer_as_threads_do(score, write_csv, linear_bundle, content, tmp_path):
    path = write_csv(1_230)
    with path.open("a") as file:
        file.write("one cell\n")
    processes = score(path, output=tmp_path / "processes", model=str(linear_bundle), threads=2)
    threads = score(path, output=tmp_path / "threads", model=str(linear_bundle), threads=1)
    assert (processes.rows, processes.refused) == (threads.rows, threads.refused) == (1_230, 1)
    assert content(tmp_path / "processes") == content(tmp_path / "threads")
    assert not workers()


def test_a_killed_process_is_replaced(score, write_csv, linear_bundle, content, until, tmp_path):
    path, out = write_csv(12_000), tmp_path / "killed"
    run = Run(score, path, output=out, model=str(linear_bundle), threads=2)
    run.start()
    until(lambda: list(out.glob("scores/*.parquet")), "one block is there")
    workers()[0].kill()
    assert len(list(out.glob("scores/*.parquet"))) < 120, "it was too late to kill"
    run.join(60)
    assert run.outcome is not None, run.error
    assert run.outcome.rows == 12_000
    score(path, output=tmp_path / "threads", model=str(linear_bundle), threads=1)
    assert content(out) == content(tmp_path / "threads")


def test_processes_that_always_die_end_the_scoring(score, write_csv, linear_bundle, tmp_path):
    run = Run(score, write_csv(300), model=str(linear_bundle), threads=2)
    run.start()
    while run.is_alive():  # each is found long before it has imported what it needs
        for process in workers():
            process.kill()
        run.join(0.01)
    assert "a process that scores it was killed 3 times; if memory is short" in str(run.error)


def test_ctrl_c_ends_the_processes_too(start_scoring, write_csv, linear_bundle, until, tmp_path):
    out = tmp_path / "out"
    process = start_scoring(
        write_csv(30_000), "--output", out, "--model", linear_bundle, "--block-rows", 100,
        "--threads", 2,
    )  # fmt: skip
    until(lambda: len(list(out.glob("scores/*.parquet"))) >= 2, "two blocks are there")
    begun = workers(process.pid)
    assert len(begun) == 2
    for one in (*begun, process):  # as a terminal does
        one.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130, said
    assert said.splitlines()[-1] == "inference: stopped; the same command goes on from here"
    assert "Traceback" not in said
    assert not psutil.wait_procs(begun, timeout=10)[1]


def test_a_kill_leaves_no_process_behind_and_the_same_again_goes_on(
    start_scoring, score, write_csv, linear_bundle, content, until, tmp_path
):
    out, path = tmp_path / "out", write_csv(12_000)
    arguments = (path, "--output", out, "--model", linear_bundle, "--block-rows", 100)
    process = start_scoring(*arguments, "--threads", 2)
    until(lambda: len(list(out.glob("scores/*.parquet"))) >= 2, "two blocks are there")
    begun = workers(process.pid)
    assert begun
    process.kill()
    process.wait(10)
    assert len(list(out.glob("scores/*.parquet"))) < 120, "it was too late to kill"
    assert not psutil.wait_procs(begun, timeout=10)[1]
    assert score(path, model=str(linear_bundle)).rows == 12_000
    score(path, output=tmp_path / "threads", model=str(linear_bundle), threads=1)
    assert content(out) == content(tmp_path / "threads")

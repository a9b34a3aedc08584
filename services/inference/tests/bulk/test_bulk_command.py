"""`inference score` as a process: killed, stopped, without room, within its memory."""

import json
import shutil
import signal
import subprocess
import sys

import pytest

SLOW = 6
"""Layers that make a block of 100 tweets take a tenth of a second or so."""
MIB = 1 << 20


@pytest.fixture(scope="session")
def slow_bundle(make_bundle, tmp_path_factory):
    return make_bundle(tmp_path_factory.mktemp("slow") / "words", layers=SLOW)


def test_killed_and_run_again_gives_what_one_run_gives(
    start_scoring, score, write_csv, slow_bundle, content, until, tmp_path
):
    path, out = write_csv(1_500), tmp_path / "killed"
    with path.open("a") as file:
        file.write("one cell\n")
    arguments = (path, "--output", out, "--model", slow_bundle, "--block-rows", 100)
    killed = start_scoring(*arguments)
    until(lambda: len(list(out.glob("scores/*.parquet"))) >= 2, "two blocks are there")
    killed.send_signal(signal.SIGKILL)
    killed.wait(10)
    there = len(list(out.glob("scores/*.parquet")))
    assert there < 15, "it was too late to kill"
    assert not json.loads((out / "scoring.json").read_text())["finished"]

    again = start_scoring(*arguments)
    _, said = again.communicate(timeout=120)
    assert again.returncode == 0, said
    assert f"1,500 tweets scored in {out}, 1 rows refused: {out}/refused.jsonl" in said
    score(path, output=tmp_path / "whole", model=str(slow_bundle))
    assert content(out) == content(tmp_path / "whole")


def test_ctrl_c_keeps_finished_blocks(start_scoring, write_csv, slow_bundle, until, tmp_path):
    out = tmp_path / "out"
    process = start_scoring(
        write_csv(3_000), "--output", out, "--model", slow_bundle, "--block-rows", 100
    )
    until(lambda: len(list(out.glob("scores/*.parquet"))) >= 2, "two blocks are there")
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "inference: stopped; the same command goes on from here" in said
    assert "Traceback" not in said
    assert not list(out.rglob(".tmp-*"))


def test_a_full_disk_keeps_finished_blocks(
    start_scoring, score, write_csv, bundle_path, content, tmp_path
):
    """On a file system of 32 KiB, which then grows, in a mount namespace of its own."""
    script = tmp_path / "on-a-small-disk.sh"
    script.write_text(
        f"""set -e
mkdir {tmp_path}/disk
mount -t tmpfs -o size=32k none {tmp_path}/disk
"$@" --output {tmp_path}/disk && exit 99
ls {tmp_path}/disk/scores | wc -l >&2
mount -o remount,size=8m {tmp_path}/disk
"$@" --output {tmp_path}/disk
cp -r {tmp_path}/disk {tmp_path}/out
"""
    )
    unshare = ("unshare", "--map-root-user", "--mount")
    if (
        shutil.which("unshare") is None
        or subprocess.run(
            [*unshare, "mount", "-t", "tmpfs", "none", "/mnt"], check=False
        ).returncode
    ):
        pytest.skip("this system lets nobody mount a small disk")
    path = write_csv(1_500)
    process = start_scoring(
        path,
        "--model",
        bundle_path,
        "--block-rows",
        100,
        program=(*unshare, "sh", script),
    )
    _, said = process.communicate(timeout=120)
    assert process.returncode == 0, said
    assert "cannot be written: No space left on device; finished blocks are kept" in said
    kept = next(int(line) for line in said.splitlines() if line.isdecimal())
    assert 0 < kept < 15
    assert "Traceback" not in said
    score(path, output=tmp_path / "whole")
    assert content(tmp_path / "out") == content(tmp_path / "whole")


MEASURED = """
import resource, subprocess, sys
status = subprocess.call(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
sys.exit(status)
"""
"""Runs a command and tells its peak memory in KiB. A process begins with the peak of whoever
started it, so this one stands between, being small."""


def peak_bytes(process):
    """Of a process that was started by `MEASURED`."""
    said = process.stderr.read()
    assert process.wait() == 0, said
    return int(said.splitlines()[-1]) * 1_024


def test_memory_does_not_grow_with_the_input(start_scoring, write_csv, bundle_path, tmp_path):
    peaks = [
        peak_bytes(
            start_scoring(
                write_csv(count, name=f"{count}.csv", longest=8),
                "--output",
                tmp_path / f"out-{count}",
                "--model",
                bundle_path,
                program=(sys.executable, "-c", MEASURED),
            )
        )
        for count in (30_000, 90_000)
    ]
    assert peaks[1] - peaks[0] < 30 * MIB, peaks
    assert peaks[1] < 500 * MIB, peaks


def test_a_model_from_the_registry(start_scoring, write_csv, bundle_path, tmp_path, answers):
    from mlflow import MlflowClient

    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    model = tmp_path / "model"
    shutil.copytree(bundle_path, model / "artifacts" / "bundle")
    (model / "MLmodel").write_text("flavors: {}\n")
    client = MlflowClient(uri, uri)
    client.create_registered_model("tweet-sentiment")
    client.create_model_version("tweet-sentiment", source=model.as_uri())
    client.set_registered_model_alias("tweet-sentiment", "champion", "1")
    process = start_scoring(write_csv(50), "--output", tmp_path / "out", MLFLOW_TRACKING_URI=uri)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 0, said
    assert {row["model_version"] for row in answers()} == {"1"}
    assert not (tmp_path / "data" / "bundles").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["none.csv"], "inference: there is no file none.csv\n"),
        (["x", "--encoding", "utf-99"], "inference: --encoding utf-99: no such encoding"),
        (["x", "--address", "auto"], "inference: --address: only Ray has one; add --engine ray\n"),
    ],
)
def test_what_cannot_begin_is_one_line(start_scoring, tmp_path, arguments, said):
    process = start_scoring(*arguments, "--output", tmp_path / "out")
    _, error = process.communicate(timeout=60)
    assert process.returncode == 1
    assert error.startswith(said)
    assert error.count("\n") == 1
    assert not (tmp_path / "out").exists()

"""What is prepared once: environments, tweets, and when it is made anew."""

import gzip
import json
import re
import string
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest
from benchmarks.load import SAMPLE, sample_texts
from benchmarks.serving import environments
from benchmarks.serving.catalogue import PEERS
from benchmarks.serving.model import ServedModel
from benchmarks.serving.tweets import REAL, prepare_tweets
from benchmarks.serving.workdir import PEERS as PEER_FILES
from benchmarks.serving.workdir import BenchmarkError, Workdir, digest, holds, write_whole

from trainer.progress import NoProgress

ROOT = Path(__file__).parents[2]
GIVEN = {"python", "bin", "peers", "empty", "port", "grpc_port", "metrics_port"}


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.name)
def test_a_peer_is_told_only_what_there_is(peer: object, served: ServedModel) -> None:
    templates = [*peer.command, *peer.environment.values()]
    asked = {name for text in templates for _, name, _, _ in string.Formatter().parse(text) if name}
    for choice in peer.choices:
        assert asked <= GIVEN | set(asdict(served)) | set(choice)
        assert set(choice) == set(peer.choices[0])
    scripts = [text for text in templates if text.startswith("{peers}/")]
    assert all((PEER_FILES / text.removeprefix("{peers}/")).is_file() for text in scripts)


def test_every_environment_is_described_with_exact_versions_or_by_the_lock() -> None:
    names = {"onnxruntime", *(peer.requirements for peer in PEERS)}
    assert {path.stem for path in PEER_FILES.glob("*.txt")} == names
    for name in names:
        lines = (PEER_FILES / f"{name}.txt").read_text().splitlines()
        packages = [line for line in lines if re.match(r"[a-z]", line)]
        locked = "-c ../../../requirements/all.txt" in lines
        assert all("==" in line for line in packages) or locked
        assert not any("://" in line for line in lines)
    assert (PEER_FILES / "../../../requirements/all.txt").resolve() == environments.LOCK


def test_an_environment_that_is_made_is_used_again(
    workdir: Workdir, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environments, "_uv", lambda *_: pytest.fail("it was made again"))
    python = environments.environment_python(workdir, "onnxruntime")
    assert subprocess.run([python, "-c", ""], check=False).returncode == 0


def test_an_environment_that_cannot_be_made_says_why_and_does_not_count(
    workdir: Workdir, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not (Path(sys.executable).with_name("uv").is_file() or environments.shutil.which("uv")):
        pytest.skip("no uv here")
    (tmp_path / "wrong.txt").write_text("-e nowhere/at-all\n")
    monkeypatch.setattr(environments, "PEERS", tmp_path)
    with pytest.raises(BenchmarkError, match=r"uv pip install failed:[\s\S]*nowhere"):
        environments.environment_python(workdir, "wrong")
    assert not (workdir.environment("wrong") / "made-of").exists()


def test_without_uv_it_is_said_how_to_get_it(
    workdir: Workdir, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BenchmarkError, match="make setup"):
        environments.environment_python(workdir, "litserve")


def test_a_stamp_holds_for_what_it_was_made_of(tmp_path: Path) -> None:
    source, stamp = tmp_path / "source", tmp_path / "stamp"
    source.write_text("one")
    write_whole(stamp, digest(source, ["a"]))
    assert holds(stamp, digest(source, ["a"]))
    assert not holds(stamp, digest(source, ["b"]))
    source.write_text("two")
    assert not holds(stamp, digest(source, ["a"]))
    assert not holds(tmp_path / "none", digest(source))


def test_tweets_are_the_samples_unless_there_are_real_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TWEETS_DIR", raising=False)
    workdir = Workdir(tmp_path)
    texts, source = prepare_tweets(workdir, NoProgress())
    assert (texts, source) == (sample_texts(SAMPLE), "the bundled sample")
    assert json.loads(workdir.tweets.read_text()) == texts


def test_real_tweets_are_the_head_of_the_test_split(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "real" / REAL
    path.parent.mkdir(parents=True)
    day = "Mon Apr 06 22:19:45 PDT 2009"
    with gzip.open(path, "wt", encoding="latin-1") as file:
        for row in range(400):
            label, text = (4, "lovely") if row % 2 else (0, "awful")
            file.write(f'"{label}","{row}","{day}","NO_QUERY","user{row}","{text} flight {row}"\n')
    monkeypatch.setenv("TWEETS_DIR", str(tmp_path / "real"))
    workdir = Workdir(tmp_path)
    texts, source = prepare_tweets(workdir, NoProgress())
    assert source == f"TWEETS_DIR/{REAL}"
    assert 10 < len(texts) < 100
    assert all(re.fullmatch(r"(lovely|awful) flight \d+", text) for text in texts)
    assert prepare_tweets(workdir, NoProgress())[0] == texts


@pytest.mark.parametrize(
    ("module", "options", "reason"),
    [
        ("serving", ["--rounds", "0"], "--rounds must be 1 or more"),
        ("serving", ["--seconds", "0"], "--seconds must be 0.1 or more"),
        ("serving", ["--peers", "nothing"], "invalid choice: 'nothing'"),
        ("footprint", ["--starts", "0"], "--starts must be 1 or more"),
    ],
)
def test_options_that_make_no_sense_are_refused(
    module: str, options: list[str], reason: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{module}", *options],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == 2
    assert reason in done.stderr

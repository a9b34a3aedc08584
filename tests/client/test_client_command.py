"""`radar predict` as a process, against the real API."""

import csv
import io
import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

pytestmark = pytest.mark.e2e

RADAR = str(Path(sys.executable).with_name("radar"))
LINES = 10_000


def rows_in(output):
    return list(csv.DictReader(io.StringIO(output.decode())))


def test_a_file_becomes_rows_in_its_order(radar, api, tmp_path):
    (tmp_path / "tweets.csv").write_text("id,text\n1,late again\n2,thank you\n3,gate\n")
    done = radar("tweets.csv", url=api)
    assert (done.returncode, done.stderr) == (0, b"")
    rows = rows_in(done.stdout)
    assert [row["label"] for row in rows] == ["negative", "positive", "neutral"]
    assert [(row["file"], row["line"]) for row in rows] == [
        ("tweets.csv", str(n)) for n in (2, 3, 4)
    ]
    first = rows[0]
    assert first["text"] == "late again"
    assert first["uncertain"] in ("true", "false")
    probabilities = json.loads(first["probabilities"])
    assert sum(probabilities.values()) == pytest.approx(1)
    assert float(first["probability"]) == probabilities["negative"]
    assert first["id"]
    assert first["error"] == ""


def test_what_cannot_be_answered_is_named_and_the_rest_is(radar, api, tmp_path):
    (tmp_path / "a.jsonl").write_text('{"text": "late"}\nnonsense\n{"text": "bad \\ud800"}\n')
    (tmp_path / "b.txt").write_text("thank you\n")
    done = radar("a.jsonl", "b.txt", "--output", "out.jsonl", url=api)
    assert done.returncode == 3
    said = done.stderr.decode().splitlines()
    assert said[0] == "radar: a.jsonl line 2: is not JSON: write one object a line"
    assert said[-1] == "radar: 2 tweets answered, 2 rows with an error"
    lines = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [line.get("label") for line in lines] == ["negative", None, None, "positive"]
    assert "not valid Unicode" in lines[2]["error"]
    assert "label" not in lines[2]


def test_ten_thousand_lines_through_a_pipe_in_bounded_memory(api, tmp_path):
    """20 MB go through; what is held of them at the same time is a few groups."""
    filler = " zz" * 660

    def run(count):
        command = [RADAR, "predict", "-"]
        with (tmp_path / "out").open("wb") as out:
            process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=out, env=os.environ | {"RADAR_URL": api}
            )
            watched, most = psutil.Process(process.pid), 0
            for number in range(count):
                word = "late" if number % 2 else "lovely"
                process.stdin.write(f"{number} {word}{filler}\n".encode())
                if number % 500 == 0:
                    most = max(most, watched.memory_info().rss)
            most = max(most, watched.memory_info().rss)
            process.stdin.close()
            assert process.wait(120) == 0
        return most

    few = run(1_024)
    many = run(LINES)
    rows = rows_in((tmp_path / "out").read_bytes())
    assert [int(row["text"].split()[0]) for row in rows] == list(range(LINES))
    assert {(int(row["line"]) % 2, row["label"]) for row in rows} == {
        (1, "positive"),
        (0, "negative"),
    }
    assert many - few < 12_000_000


def test_an_overloaded_api_is_waited_for(radar, start_server, make_bundle, tmp_path):
    slow = make_bundle(tmp_path / "slow", layers=60)
    server = start_server(
        MODEL_SOURCE=str(slow),
        MAX_WAITING_TOKENS="600",
        INFERENCE_THREADS="1",
        LOG_LEVEL="DEBUG",  # lines of what is refused
    )
    lines = b"late again and again and again\n" * 1_500
    done = radar("--concurrency", "6", url=server.url, given=lines)
    assert (done.returncode, done.stderr) == (0, b"")
    assert len(rows_in(done.stdout)) == 1_500
    refused = [line for line in server.lines() if line.get("status") == 429]
    assert refused


@pytest.fixture
def prediction():
    return {
        "id": "0b1e7f3c-63d5-4c7b-9b3d-2a1f0c9d8e7f",
        "label": "negative",
        "probabilities": {"negative": 1.0},
        "uncertain": False,
        "truncated": False,
        "token_count": 1,
        "model_name": "m",
        "model_version": "1",
        "demonstration": True,
    }


def test_what_was_answered_before_the_service_went_is_kept(
    radar, scripted, answer, refusal, prediction, tmp_path
):
    def predicted(content):
        count = len(json.loads(content)["texts"])
        return {"results": [{"index": at, "prediction": prediction} for at in range(count)]}

    server = scripted(answer(200, predicted), answer(0), refusal(403, "scope-missing"))
    (tmp_path / "in.csv").write_text("text\n" + "late\n" * 5_000)
    done = radar("in.csv", "--output", "out.csv", "--concurrency", "1", url=server.url)
    assert done.returncode == 3
    rows = rows_in((tmp_path / "out.csv").read_bytes())
    assert [row["line"] for row in rows] == [str(line) for line in range(2, 5_002)]
    first, second, _ = (len(json.loads(content)["texts"]) for *_, content in server.requests)
    assert {row["label"] for row in rows[:first]} == {"negative"}
    broken, refused = rows[first : first + second], rows[first + second :]
    assert {row["error"] for row in broken} == {"the connection broke before the answer was there"}
    assert {row["error"] for row in refused} == {"No: for scope-missing"}


@pytest.mark.parametrize("slow", [True, False])
def test_an_answer_under_way_is_not_lost_to_its_neighbours_failure(
    radar, scripted, answer, refusal, prediction, tmp_path, slow
):
    def predicted(content):
        count = len(json.loads(content)["texts"])
        return {"results": [{"index": at, "prediction": prediction} for at in range(count)]}

    good = answer(200, predicted, delay=1.0) if slow else refusal(403, "scope-missing")
    server = scripted(good, refusal(403, "scope-missing"))
    (tmp_path / "in.csv").write_text("text\n" + "late\n" * 5_000)
    done = radar("in.csv", "--output", "out.csv", "--concurrency", "2", url=server.url)
    if slow:
        assert done.returncode == 3
        rows = rows_in((tmp_path / "out.csv").read_bytes())
        assert {row["label"] for row in rows} == {"negative", ""}
        assert {row["error"] for row in rows} == {"", "No: for scope-missing"}
        assert len(rows) == 5_000
    else:
        assert (done.returncode, done.stderr) == (1, b"radar: No: for scope-missing\n")
        assert not (tmp_path / "out.csv").exists()


def test_a_service_that_is_not_there_is_one_line_and_no_file(radar, free_port, tmp_path):
    url = f"http://127.0.0.1:{free_port()}"
    done = radar("--deadline", "1", "--output", "out.csv", url=url, given=b"late\n")
    assert done.returncode == 1
    assert done.stderr == b"radar: the service is not there; is RADAR_URL its address?\n"
    assert list(tmp_path.iterdir()) == []


def test_misuse_is_one_line(radar, api, tmp_path):
    (tmp_path / "a.csv").write_text("id,tweet\n1,late\n")
    no_column = radar("a.csv", "--output", "out.csv", url=api)
    assert no_column.returncode == 1
    assert no_column.stderr.startswith(b"radar: a.csv: the first line names no column 'text'")
    assert no_column.stderr.count(b"\n") == 1
    no_folder = radar("--output", "none/out.csv", url=api, given=b"late\n")
    assert no_folder.returncode == 1
    assert (
        no_folder.stderr == b"radar: none/out.csv: cannot be written: No such file or directory\n"
    )
    no_address = radar(url="127.0.0.1", given=b"late\n")
    assert no_address.returncode == 1
    assert b"RADAR_URL" in no_address.stderr
    for option in (("--format", "xml"), ("--from", "xml"), ("--concurrency", "0"), ("none.csv",)):
        assert radar(*option, url=api).returncode == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv"]


def test_no_rows_are_a_header(radar, api):
    done = radar(url=api)
    assert (done.returncode, done.stdout[:10]) == (0, b"file,line,")
    assert done.stdout.count(b"\n") == 1


@pytest.fixture
def started(api, tmp_path):
    """`radar predict` with a pipe that stays open, and the process that runs it."""
    processes = []

    def start(*arguments, stdout=subprocess.PIPE):
        command = [RADAR, "predict", *arguments]
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=stdout,
            stderr=subprocess.PIPE,
            cwd=tmp_path,
            env=os.environ | {"RADAR_URL": api},
        )
        processes.append(process)
        return process

    yield start
    for process in processes:
        if process.poll() is None:
            process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                stream.close()


def test_a_line_typed_into_a_pipe_is_answered_at_once(started):
    process = started("--format", "jsonl")
    for word, label in (("late", "negative"), ("thank you", "positive")):
        process.stdin.write(f"{word}\n".encode())
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["label"] == label
    process.stdin.close()
    assert process.wait(60) == 0


@pytest.mark.parametrize("way", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_leaves_no_half_written_file(started, tmp_path, until, way):
    (tmp_path / "out.csv").write_text("what was there before")
    process = started("--output", "out.csv")
    process.stdin.write(b"late\n" * 500)
    process.stdin.flush()
    until(lambda: any(path.stat().st_size for path in tmp_path.glob(".out.csv-*")), "rows come", 60)
    process.send_signal(way)
    assert process.wait(60) == 130
    assert process.stderr.read() == b""
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]
    assert (tmp_path / "out.csv").read_text() == "what was there before"


def test_a_reader_that_has_seen_enough_ends_it_quietly(started):
    process = started()
    process.stdout.close()
    process.stdin.write(b"late\n" * 500)
    process.stdin.flush()
    assert process.wait(60) == 141
    assert process.stderr.read() == b""


def test_a_full_disk_is_one_line(started):
    with open("/dev/full", "wb") as full:  # noqa: PTH123
        process = started(stdout=full)
        process.stdin.write(b"late\n" * 500)
        process.stdin.flush()
        assert process.wait(60) == 1
    assert process.stderr.read() == (
        b"radar: standard output: cannot be written: No space left on device\n"
    )


def test_a_terminal_sees_how_far_it_is(radar, api, tmp_path):
    (tmp_path / "tweets.txt").write_text("late\n" * 600)
    ours, theirs = pty.openpty()
    done = subprocess.Popen(
        [RADAR, "predict", "tweets.txt", "--output", "out.csv"],
        cwd=tmp_path,
        env=os.environ | {"RADAR_URL": api, "TERM": "xterm", "COLUMNS": "100"},
        stderr=theirs,
    )
    assert done.wait(60) == 0
    os.set_blocking(ours, False)
    time.sleep(0.05)
    seen = os.read(ours, 1_000_000).decode()
    os.close(ours)
    os.close(theirs)
    assert "600 tweets answered, 0 rows with an error" in seen

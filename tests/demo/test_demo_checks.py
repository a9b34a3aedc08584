"""What the launcher refuses before it starts anything, each with one line that says the way out."""

import http.server
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from demo.checks import check_disk, check_ports, find_commands
from demo.errors import DemoError
from demo.health import get
from demo.state import SAMPLE, Source, State


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_taken_port_is_named_with_its_option_and_variable(taken_port: int) -> None:
    with pytest.raises(DemoError) as caught:
        check_ports({"--page-port": taken_port})
    message = str(caught.value)
    assert f"port {taken_port} is taken" in message
    assert "--page-port" in message
    assert "PAGE_PORT=" in message
    assert "\n" not in message


def test_free_ports_pass_and_stay_free(free_port: Callable[[], int]) -> None:
    ports = {"--api-port": free_port(), "--page-port": free_port()}
    check_ports(ports)
    check_ports(ports)


def test_one_port_for_two_services_is_refused(free_port: Callable[[], int]) -> None:
    port = free_port()
    with pytest.raises(DemoError, match="--api-port and --mlflow-port are both"):
        check_ports({"--api-port": port, "--mlflow-port": port})


@pytest.mark.parametrize("port", [0, -1, 65_536])
def test_a_number_that_is_no_port_is_refused(port: int) -> None:
    with pytest.raises(DemoError, match="not a port from 1 to 65535"):
        check_ports({"--api-port": port})


def test_a_full_disk_is_refused_with_figures(tmp_path: Path) -> None:
    check_disk(tmp_path, needed=1)
    with pytest.raises(DemoError, match=r"MB free and 1,000,000,000,000 MB are needed"):
        check_disk(tmp_path, needed=10**18)


def test_a_missing_command_is_named(tmp_path: Path) -> None:
    (tmp_path / "trainer").touch()
    with pytest.raises(DemoError, match=r"inference, frontend not found in .*make setup"):
        find_commands(("trainer", "inference", "frontend"), tmp_path)


def test_a_missing_data_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DemoError, match=r"tweets\.csv: No such file"):
        Source.of(str(tmp_path / "tweets.csv"))


def test_every_data_source_has_a_state_of_its_own(tmp_path: Path) -> None:
    data = tmp_path / "my tweets.csv"
    data.write_text("text,label\n")
    keys = [Source.of(SAMPLE).key, Source.of(str(data)).key, Source.of(str(data), 100).key]
    data.write_text("text,label\ngreat,positive\n")
    keys.append(Source.of(str(data)).key)
    assert len(set(keys)) == 4
    assert all(key == Path(key).name and " " not in key for key in keys)


def test_trained_recipes_are_remembered_by_source(tmp_path: Path) -> None:
    data = tmp_path / "tweets.csv"
    data.write_text("text,label\n")
    state = State(tmp_path / "state", Source.of(SAMPLE))
    assert state.trained() == []
    state.record(["naive-bayes"])
    assert State(tmp_path / "state", Source.of(SAMPLE)).trained() == ["naive-bayes"]
    assert State(tmp_path / "state", Source.of(str(data))).trained() == []


def test_a_state_that_cannot_be_kept_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DemoError, match=r"cannot make .*: Not a directory"):
        State(tmp_path / "file" / "state", Source.of(SAMPLE))


def test_two_demonstrations_cannot_share_a_state(tmp_path: Path) -> None:
    source = Source.of(SAMPLE)
    first, second = State(tmp_path, source), State(tmp_path, source)
    with (
        first.locked(),
        pytest.raises(DemoError, match=r"process \d+\) already uses"),
        second.locked(),
    ):
        pass
    with second.locked():  # free again
        pass


def test_health_is_asked_directly_not_through_a_proxy(
    monkeypatch: pytest.MonkeyPatch, taken_port: int
) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{taken_port}")
    with http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), http.server.BaseHTTPRequestHandler
    ) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        assert get(server.server_address[1], "/")[0] == 501  # the server's own answer
        server.shutdown()


def test_nobody_at_a_port_is_no_answer(free_port: Callable[[], int]) -> None:
    assert get(free_port(), "/") == (0, b"")


def test_a_refusal_on_the_command_line_is_one_line_and_leaves_nothing(
    taken_port: int, tmp_path: Path
) -> None:
    result = subprocess.run(
        [
            sys.executable,
            "-m",
            "tools.demo",
            "--api-port",
            str(taken_port),
            "--state",
            tmp_path / "s",
        ],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1
    assert "--api-port" in result.stderr
    assert result.stdout == ""
    assert not (tmp_path / "s").exists()

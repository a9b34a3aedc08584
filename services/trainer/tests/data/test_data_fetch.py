"""Downloads from a real server that drops, forgets, changes and refuses."""

import hashlib
import io
import threading
import zipfile
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from typer.testing import CliRunner

from trainer.data.commands import app
from trainer.data.fetch import Archive, fetch_archive
from trainer.errors import DataError
from trainer.progress import NoProgress


def zipped(seed: int) -> bytes:
    """An archive of two files that does not compress, larger than a few network buffers."""
    noise = b"".join(hashlib.sha256(f"{seed}/{n}".encode()).digest() for n in range(20_000))
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("training.csv", noise)
        archive.writestr("folder/test.csv", f"test {seed}")
    return content.getvalue()


@dataclass
class Site:
    """What the server does, and what it was asked."""

    content: bytes = field(default_factory=lambda: zipped(1))
    etag: str | None = '"one"'
    ranges: bool = True
    chunked: bool = False
    drop_after: list[int] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    wrong_part: bool = False
    asked: list[tuple[str | None, str | None]] = field(default_factory=list)
    answered: list[int] = field(default_factory=list)
    url: str = ""

    @property
    def archive(self) -> Archive:
        return Archive(self.url, len(self.content), hashlib.sha256(self.content).hexdigest())


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    site: Site

    def log_message(self, *_):
        pass

    def do_GET(self):
        site = self.site
        wanted, condition = self.headers["Range"], self.headers["If-Range"]
        site.asked.append((wanted, condition))
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else 0
        if status := site.statuses.pop(0) if site.statuses else 0:
            self.answer(status, b"", {})
            return
        part = bool(wanted) and site.ranges and condition == site.etag
        headers = {"ETag": site.etag} if site.etag else {}
        if part and start >= len(site.content):
            self.answer(416, b"", headers)
            return
        body = site.content[start:] if part else site.content
        if part:
            first = start + 1 if site.wrong_part else start
            end = len(site.content) - 1
            headers["Content-Range"] = f"bytes {first}-{end}/{len(site.content)}"
        self.answer(206 if part else 200, body, headers)

    def answer(self, status, body, headers):
        site = self.site
        site.answered.append(status)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        chunked = site.chunked and status == 200
        if chunked:
            self.send_header("Transfer-Encoding", "chunked")
        else:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        dropped = site.drop_after.pop(0) if status in (200, 206) and site.drop_after else len(body)
        sent = body[:dropped]
        try:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(sent), sent) if chunked else sent)
        except ConnectionError:  # a client that has seen enough
            self.close_connection = True
            return
        if dropped < len(body):
            self.close_connection = True
        elif chunked:
            self.wfile.write(b"0\r\n\r\n")


@pytest.fixture
def site(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    served = Site()
    handler = type("SiteHandler", (Handler,), {"site": served})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    served.url = f"http://127.0.0.1:{server.server_port}/data/tweets.zip?edition=1"
    yield served
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def fetch(site, tmp_path):
    """Fetch into a directory without waiting between attempts; which attempts waited is kept."""

    def run(archive=None):
        return fetch_archive(
            archive or site.archive,
            tmp_path / "data",
            progress=NoProgress(),
            pause=run.pauses.append,
        )

    run.pauses = []
    return run


def assert_complete(site, files):
    directory = files[0].parent
    assert [path.relative_to(directory).as_posix() for path in files] == [
        "training.csv",
        "folder/test.csv",
    ]
    with zipfile.ZipFile(io.BytesIO(site.content)) as archive:
        assert files[0].read_bytes() == archive.read("training.csv")
    assert {path.name for path in directory.iterdir()} == {"training.csv", "folder", "tweets.zip"}


def test_a_connection_dropped_half_way_is_resumed(site, fetch):
    half = len(site.content) // 2
    site.drop_after = [half, 200_000]
    assert_complete(site, fetch())
    assert site.asked[0] == (None, None)
    assert site.answered == [200, 206, 206]
    (first, condition), (second, _) = site.asked[1:]
    assert condition == '"one"'
    kept = int(first.removeprefix("bytes=").removesuffix("-"))
    assert half - 65_536 <= kept <= half
    assert int(second.removeprefix("bytes=").removesuffix("-")) > kept
    assert fetch.pauses == [1.0, 1.0]


def test_a_second_start_downloads_nothing(site, fetch):
    fetch()
    assert_complete(site, fetch())
    assert len(site.asked) == 1


def test_a_stopped_download_goes_on_at_the_next_start(site, fetch, tmp_path):
    class Stop:
        def start(self, task, total):
            pass

        def advance(self, steps=1, note=""):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch_archive(site.archive, tmp_path / "data", progress=Stop())
    assert {path.name for path in (tmp_path / "data").iterdir()} == {
        "tweets.zip.part",
        "tweets.zip.part.validator",
    }
    assert_complete(site, fetch())
    assert site.answered == [200, 206]


def test_a_server_without_ranges_sends_the_whole_again(site, fetch):
    site.ranges, site.drop_after = False, [100_000]
    assert_complete(site, fetch())
    assert site.answered == [200, 200]


def test_a_server_without_validators_is_not_asked_for_parts(site, fetch):
    site.etag, site.drop_after = None, [100_000]
    assert_complete(site, fetch())
    assert site.asked == [(None, None), (None, None)]


def test_chunked_answers_are_resumed_too(site, fetch):
    site.chunked, site.drop_after = True, [200_000]
    assert_complete(site, fetch())
    assert site.answered == [200, 206]


def test_another_edition_is_downloaded_from_its_start(site, fetch, tmp_path):
    old = site.archive
    site.drop_after = [300_000] + [0] * 9
    with pytest.raises(DataError, match=r"bytes are kept, start again to go on"):
        fetch(old)
    assert (tmp_path / "data" / "tweets.zip.part").stat().st_size >= 200_000
    site.content, site.etag, site.drop_after = zipped(2), '"two"', []
    assert_complete(site, fetch())
    assert (site.asked[-1][1], site.answered[-1]) == ('"one"', 200)


@pytest.mark.parametrize("spoil", [{"wrong_part": True}, {"statuses": [0, 416]}])
def test_a_wrong_answer_to_a_range_starts_anew(site, fetch, spoil):
    site.drop_after = [300_000]
    for name, value in spoil.items():
        setattr(site, name, value)
    assert_complete(site, fetch())
    assert site.asked[-1] == (None, None)


def test_a_part_of_something_else_is_found_by_its_hash(site, fetch, tmp_path):
    site.drop_after = [300_000] + [0] * 9
    with pytest.raises(DataError):
        fetch()
    part = tmp_path / "data" / "tweets.zip.part"
    part.write_bytes(b"x" * part.stat().st_size)
    site.drop_after = []
    assert_complete(site, fetch())
    assert site.answered[-2:] == [206, 200]


def test_a_busy_server_is_asked_again(site, fetch):
    site.statuses = [503, 429]
    assert_complete(site, fetch())
    assert fetch.pauses == [2.0, 4.0]


def test_failures_end_in_one_line(site, fetch, tmp_path):
    def refused(match, archive=None):
        with pytest.raises(DataError, match=match) as caught:
            fetch(archive)
        assert "\n" not in str(caught.value)
        assert not (tmp_path / "data" / "tweets.zip").exists()
        assert not (tmp_path / "data" / "training.csv").exists()

    good = site.archive
    site.statuses = [404]
    refused("the server answered 404")
    site.statuses = [503] * 9
    refused("the server answered 503; 0 of")
    assert len(fetch.pauses) == 4
    site.statuses = []
    refused(r"has \d+ bytes, not 7: .* --size", Archive(good.url, 7, good.sha256))
    refused("it is not the expected archive.*--sha256", Archive(good.url, good.size, "0" * 64))
    refused("is no SHA-256", Archive(good.url, good.size, "abc"))
    refused("cannot be reached", Archive("http://127.0.0.1:1/tweets.zip", 9, "0" * 64))
    refused("cannot download", Archive("nonsense/tweets.zip", 9, "0" * 64))
    refused("make room", Archive(good.url, 1 << 60, "0" * 64))
    site.chunked = True
    refused("has more than 9 bytes", Archive(good.url, 9, "0" * 64))


def test_a_directory_that_cannot_be_made_is_refused(site, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot write to"):
        fetch_archive(site.archive, tmp_path / "file" / "data", progress=NoProgress())


def test_the_command(site, tmp_path):
    archive = site.archive
    options = ["--to", tmp_path, "--url", archive.url, "--size", archive.size]
    arguments = ["fetch", "sentiment140", *options, "--sha256", archive.sha256.upper()]
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exception is None, result.output
    assert str(tmp_path / "training.csv") in result.output

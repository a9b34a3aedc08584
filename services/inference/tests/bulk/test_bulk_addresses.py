"""Files elsewhere: a web server, and an S3 server where one is installed."""

import gzip
import http.server
import shutil
import subprocess
import threading
from functools import partial

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from inference.bulk.addresses import open_filesystem
from inference.bulk.errors import BulkError

pytest.importorskip("aiohttp", reason="needs the extra radar-inference[bulk]")

BUCKET = "tweets"


class Handler(http.server.SimpleHTTPRequestHandler):
    """Files of a folder, of which `cut.csv` breaks off in the middle."""

    def log_message(self, *_):
        """Say nothing."""

    def copyfile(self, source, outputfile):
        content = source.read()
        broken = self.path.endswith("cut.csv")
        outputfile.write(content[: len(content) // 2] if broken else content)
        if broken:
            self.close_connection = True


@pytest.fixture
def web(tmp_path):
    folder = tmp_path / "web"
    folder.mkdir()
    handler = partial(Handler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield folder, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_files_of_a_web_server_are_scored_as_those_of_a_disk(
    score, write_csv, make_tweets, content, tmp_path, web
):
    folder, url = web
    path = write_csv(250)
    (folder / "a.csv.gz").write_bytes(gzip.compress(path.read_bytes()))
    ids = [f"a{place}" for place in range(250)]
    pq.write_table(pa.table({"id": ids, "text": make_tweets(250)}), folder / "b.parquet")
    score(path, output=tmp_path / "disk")
    for name in ("a.csv.gz", "b.parquet"):
        out = tmp_path / name
        assert score(f"{url}/{name}", output=out).rows == 250
        assert content(out) == content(tmp_path / "disk")
        assert score(f"{url}/{name}", output=out).already_there


def test_a_web_server_that_fails_is_said(score, write_csv, tmp_path, web):
    folder, url = web
    with pytest.raises(BulkError, match=f"there is no file {url}/none.csv"):
        score(f"{url}/none.csv")
    shutil.copy(write_csv(60_000, longest=60), folder / "cut.csv")
    with pytest.raises(BulkError, match=f"{url}/cut.csv cannot be read") as caught:
        score(f"{url}/cut.csv", block_rows=1_000)
    assert "\n" not in str(caught.value)


@pytest.fixture
def s3(until, monkeypatch, tmp_path):
    """An S3 server in a process of its own, and the way that Arrow takes to it."""
    program = shutil.which("moto_server")
    if program is None:
        pytest.skip("needs moto_server: pip install 'moto[server]', best in its own environment")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    log = tmp_path / "moto.log"
    with log.open("wb") as file:
        process = subprocess.Popen([program, "-p", "0"], stdout=file, stderr=file)
    try:
        until(lambda: "Running on http" in log.read_text(), "the S3 server listens")
        url = log.read_text().partition("Running on ")[2].split()[0]
        httpx.put(f"{url}/{BUCKET}", trust_env=False).raise_for_status()
        yield url, f"scheme=http&endpoint_override={url.partition('//')[2]}"
    finally:
        process.kill()
        process.wait()


def test_an_s3_server_takes_input_and_answers(score, write_csv, content, tmp_path, s3):
    url, query = s3
    path = write_csv(250)
    for name in ("a.csv", "b.csv"):
        put = httpx.put(f"{url}/{BUCKET}/in/{name}", content=path.read_bytes(), trust_env=False)
        put.raise_for_status()
    inputs, output = f"s3://{BUCKET}/in/*.csv?{query}", f"s3://{BUCKET}/out?{query}"
    assert score(inputs, output=output).rows == 500
    assert score(inputs, output=output).already_there
    shutil.copy(path, tmp_path / "b.csv")
    score(path, tmp_path / "b.csv", output=tmp_path / "disk")
    filesystem, root = open_filesystem(output)
    for name, expected in content(tmp_path / "disk").items():
        assert filesystem.cat_file(f"{root}/{name}") == expected
    with pytest.raises(BulkError, match="no file matches"):
        score(f"s3://{BUCKET}/none/*.csv?{query}")

"""A real Chromium before a real page, before a real API with a model trained on the sample."""

import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

BIN = Path(sys.executable).parent
HOST = "127.0.0.1"
READY_SECONDS = 60.0
CHROMIUM_FLAGS = """--no-sandbox --disable-quic --disable-background-networking
--disable-component-update --disable-sync""".split()
LOOKED_FOR = ("/_stcore/health", "/_stcore/host-config")
"""What Streamlit looks for below the address of a page before it looks where it is."""
RESTS = "[data-test-script-state=notRunning]"
"""What Streamlit says of itself when nothing on the page is about to be drawn anew."""
SLOWDOWN = float(os.environ.get("SLOWDOWN") or 1)
"""How many times slower than this machine the browser's scripts run."""
ACCESSIBILITY = Path(__file__).with_name("accessibility.js").read_text(encoding="utf-8")
INHERITED = ("LANG", "LD_LIBRARY_PATH", "PATH", "TMPDIR")


class Server:
    """A service as a process that can be killed and started again on the same port."""

    def __init__(self, command: list[str], port: int, ready: str, folder: Path, **settings: str):
        self.url = f"http://{HOST}:{port}"
        self.log = folder / f"{port}.log"
        self._command = [str(BIN / command[0]), *command[1:]]
        self._ready = self.url + ready
        kept = {name: os.environ[name] for name in INHERITED if name in os.environ}
        self._environment = kept | {"HOME": str(folder)} | settings
        self._process: subprocess.Popen[bytes] | None = None

    def launch(self) -> "Server":
        """Start, unless it runs, without waiting."""
        if self._process is None:
            with self.log.open("ab") as log:
                self._process = subprocess.Popen(
                    self._command, env=self._environment, stdout=log, stderr=log
                )
        return self

    def start(self) -> "Server":
        """Start, unless it runs, and wait until it can do its work."""
        self.launch()
        assert self._process is not None
        deadline = time.monotonic() + READY_SECONDS
        while not self._is_ready():
            assert self._process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.1)
        return self

    def kill(self) -> None:
        """kill -9: nothing gets a chance to clean up."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _is_ready(self) -> bool:
        try:
            return requests.get(self._ready, timeout=5).ok
        except requests.RequestException:
            return False


@dataclass
class Verdicts:
    """The API's own database, read as it stands."""

    database: Path

    def of_last_prediction(self) -> list[tuple[Any, ...]]:
        """Revision, verdict and corrected label, in order."""
        return self._rows(
            "SELECT revision, verdict, corrected_label FROM verdicts WHERE prediction_id ="
            " (SELECT id FROM predictions ORDER BY created_at DESC LIMIT 1) ORDER BY revision"
        )

    def reviewers_of_last_prediction(self) -> list[str | None]:
        """Pseudonyms, in the order of the verdicts."""
        query = (
            "SELECT reviewer FROM verdicts WHERE prediction_id ="
            " (SELECT id FROM predictions ORDER BY created_at DESC LIMIT 1) ORDER BY revision"
        )
        return [row[0] for row in self._rows(query)]

    def kept_texts(self) -> list[str]:
        """Texts kept with consent, newest first."""
        query = "SELECT text FROM kept_texts WHERE reason = 'consent' ORDER BY created_at DESC"
        return [row[0] for row in self._rows(query)]

    def _rows(self, query: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as connection:
            return connection.execute(query).fetchall()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A browser; each test opens contexts of its own in it."""
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    path = shutil.which(os.environ.get("CHROMIUM") or "chromium")
    if path is None:
        pytest.skip("no Chromium: install it, or set CHROMIUM to its path")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("browser")


def train(directory: Path) -> None:
    """Naive Bayes from the bundled sample: a demonstration model that is often unsure."""
    from trainer.data.loading import load_dataset
    from trainer.export.bundle_writer import export_model, update_manifest
    from trainer.progress import NoProgress
    from trainer.recipes.spec import RecipeSpec

    progress, recipe = NoProgress(), "naive-bayes"
    dataset, _ = load_dataset("sample", progress=progress)
    export_model(
        RecipeSpec.parse(recipe).fit(dataset, progress),
        dataset,
        name="tweet-sentiment",
        recipe=recipe,
        directory=directory,
        progress=progress,
    )
    update_manifest(directory, abstain_threshold=0.5)


@pytest.fixture(scope="session")
def servers(
    chromium: Any, folder: Path, free_port: Callable[[], int]
) -> Iterator[tuple[Server, Server]]:
    """The API, and the page before it."""
    ports = free_port(), free_port()
    api = Server(
        ["inference", "serve", "--host", HOST, "--port", str(ports[0])],
        ports[0],
        "/readyz",
        folder,
        MODEL_SOURCE=str(folder / "bundle"),
        DATA_DIR=str(folder / "data"),
        STORE_TEXT="all",
    )
    page = Server(
        ["frontend"],
        ports[1],
        "/_stcore/health",
        folder,
        HOST=HOST,
        PORT=str(ports[1]),
        API_URL=api.url,
    )
    try:
        page.launch()
        train(folder / "bundle")
        api.launch()
        yield api, page.start()
    finally:
        page.kill()
        api.kill()


@pytest.fixture
def api(servers: tuple[Server, Server]) -> Server:
    """The API, running; a test may kill it."""
    return servers[0].start()


@pytest.fixture
def verdicts(folder: Path) -> Verdicts:
    return Verdicts(folder / "data" / "inference.db")


@pytest.fixture(scope="session")
def replayed(servers: tuple[Server, Server]) -> str:
    """The API's address, once it was told of the sample as the demonstration does it."""
    from demo.replay import read_sample, replay
    from demo.state import sample_file

    url = servers[0].start().url
    replay(int(url.rpartition(":")[2]), read_sample(sample_file()), lambda: None)
    return url


@pytest.fixture
def settle() -> Callable[[Any], None]:
    """Waits until a page has drawn all that it is about to.

    A click on something that is drawn anew, or moves, meanwhile is lost. Wait first for something
    that only the new drawing has: before that begins the page rests, too.
    """
    return lambda page: page.locator(RESTS).wait_for()


def take_picture(page: Any, path: Path) -> None:
    """The page as a whole: it scrolls within the window, so that this has to be as high."""
    seen = page.viewport_size
    height = page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
    page.set_viewport_size(seen | {"height": max(height, seen["height"])})
    page.wait_for_timeout(300)
    page.screenshot(path=path)  # makes the folder, too
    page.set_viewport_size(seen)


@pytest.fixture
def check() -> Callable[[Any, str, str], None]:
    """Contrast, names of fields, width; pictures go to the folder that SCREENSHOTS names."""
    pictures = os.environ.get("SCREENSHOTS")

    def check_one(page: Any, name: str, state: str) -> None:
        page.locator(RESTS).wait_for()
        page.wait_for_timeout(300)  # for transitions of colour
        assert page.evaluate(ACCESSIBILITY) == [], state
        assert page.locator("html").get_attribute("lang") == name.partition("-")[0]
        if pictures:
            take_picture(page, Path(pictures) / f"{name}-{state}.png")

    return check_one


@pytest.fixture
def open_page(chromium: Any, servers: tuple[Server, Server]) -> Iterator[Callable[..., Any]]:
    """Opens the page as a new visitor.

    Afterwards fails when the browser asked any other host for anything, or logged an error.
    """
    contexts, complaints = [], []
    own = servers[1].url

    def complain_of_request(request: Any) -> None:
        if not request.url.startswith((own, "data:", "blob:")):
            complaints.append(f"asked {request.url}")

    def complain_of_message(message: Any) -> None:
        if message.type == "error" and not message.location["url"].endswith(LOOKED_FOR):
            complaints.append(f"logged {message.text}")

    def open_one(*, width: int = 1280, height: int = 900, locale: str = "en-GB", path: str = "/"):
        context = chromium.new_context(
            viewport={"width": width, "height": height}, locale=locale, reduced_motion="reduce"
        )
        contexts.append(context)
        page = context.new_page()
        if SLOWDOWN > 1:
            session = context.new_cdp_session(page)
            session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWDOWN})
        page.set_default_timeout(30_000)
        page.on("request", complain_of_request)
        page.on("console", complain_of_message)
        page.on("pageerror", lambda error: complaints.append(f"threw {error}"))
        page.goto(own + path)
        page.locator("h1").wait_for()
        page.locator(RESTS).wait_for()
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert complaints == []

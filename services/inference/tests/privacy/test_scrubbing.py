"""Writing SQLite files anew: as often as needed, and no more of large ones."""

import sqlite3
import threading
import time

import pytest
from sqlalchemy import event, make_url

from inference.store.engine import make_engine
from inference.store.scrubbing import QUICK_SECONDS, REST, Scrubber


class Clock:
    """Seconds that pass when a file is written anew."""

    def __init__(self):
        self.now, self.vacuum_seconds = 100.0, 0.0
        self.asked = 0
        self.began, self.going_on = threading.Event(), threading.Event()
        self.going_on.set()

    def __call__(self):
        self.asked += threading.current_thread() is not threading.main_thread()
        self.now += 0.001
        return self.now

    def pass_writing(self):
        """A file is written anew."""
        self.now += self.vacuum_seconds
        self.began.set()
        self.going_on.wait(10)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def file(tmp_path, clock):
    """An engine whose `VACUUM`s are counted, as `vacuums`."""
    engine = make_engine(make_url(f"sqlite:///{tmp_path / 'store.db'}"))
    engine.vacuums = 0

    @event.listens_for(engine, "connect")
    def on_connect(connection, _):
        def trace(statement):
            if statement == "VACUUM":
                engine.vacuums += 1
                clock.pass_writing()

        connection.set_trace_callback(trace)

    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE texts (text TEXT)")
        connection.exec_driver_sql("INSERT INTO texts VALUES ('wombat')")
    yield engine
    engine.dispose()


def erase(engine):
    with engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM texts")


def left(tmp_path):
    return b"wombat" in b"".join(path.read_bytes() for path in tmp_path.glob("store.db*"))


def test_a_log_that_a_reader_holds_back_is_emptied_later_without_more_writing(
    file, clock, tmp_path
):
    scrubber = Scrubber([file], clock)
    reader = sqlite3.connect(tmp_path / "store.db")
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM texts").fetchone()
    erase(file)
    with file.connect() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout = 10")  # the pool's one connection
    assert not scrubber.scrub()
    for _ in range(3):
        assert not scrubber.finish()
    assert (file.vacuums, scrubber.pending, left(tmp_path)) == (1, True, True)
    reader.close()
    assert scrubber.finish()
    assert (file.vacuums, scrubber.pending, left(tmp_path)) == (1, False, False)
    assert scrubber.finish()
    assert scrubber.scrub()
    assert file.vacuums == 2


def test_a_file_that_takes_long_rests_and_is_scrubbed_after_that(file, clock, tmp_path):
    scrubber = Scrubber([file], clock)
    clock.vacuum_seconds = 2 * QUICK_SECONDS
    assert scrubber.scrub()
    erase(file)
    for _ in range(5):
        assert not scrubber.scrub()
        assert not scrubber.finish()
    assert (file.vacuums, left(tmp_path)) == (1, True)
    clock.now += REST * clock.vacuum_seconds + 1
    assert scrubber.finish()
    assert (file.vacuums, left(tmp_path)) == (2, False)


def test_a_small_file_never_rests(file, clock):
    scrubber = Scrubber([file], clock)
    clock.vacuum_seconds = QUICK_SECONDS / 2
    assert all(scrubber.scrub() for _ in range(5))
    assert file.vacuums == 5


def test_a_file_that_another_writes_to_is_tried_again_soon(file, clock, tmp_path):
    scrubber = Scrubber([file], clock)
    with file.connect() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout = 10")
    clock.vacuum_seconds = 2 * QUICK_SECONDS  # as long as it waits for the lock
    erase(file)
    writer = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    assert not scrubber.scrub()
    writer.close()
    assert scrubber.finish()
    assert not left(tmp_path)


def test_erasures_at_the_same_time_share_a_writing(file, clock, tmp_path):
    """One writes; of those that ask meanwhile, one more does for all."""
    scrubber = Scrubber([file], clock)
    erase(file)
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(scrubber.scrub()), daemon=True)
        for _ in range(8)
    ]
    clock.going_on.clear()
    threads[0].start()
    assert clock.began.wait(10)
    for thread in threads[1:]:
        thread.start()
    while clock.asked < len(threads) + 1:  # each when it is called, the first when it writes too
        time.sleep(0.01)
    clock.going_on.set()
    for thread in threads:
        thread.join(10)
    assert (found, file.vacuums) == ([True] * 8, 2)
    assert not left(tmp_path)

"""Queued verdicts: each tried until it is in the database or set aside, none holding up another."""

import json
import uuid
from datetime import timedelta

import pytest
from sqlalchemy import event, select
from sqlalchemy.engine import URL
from sqlalchemy.exc import OperationalError

from inference.problems import Failure, ServiceError
from inference.store import backlog as module
from inference.store.backlog import BACKLOG, Backlog
from inference.store.engine import make_engine

SAYS = {"verdict": "confirmed"}
SECRET = "the tweet itself"


class CrashError(Exception):
    """The process dies here."""


@pytest.fixture
def file(tmp_path):
    engine = make_engine(URL.create("sqlite", database=str(tmp_path / "spool.db")))
    yield engine
    engine.dispose()


@pytest.fixture
def database(tmp_path):
    """Stands for the store: what is done in it does not matter here."""
    engine = make_engine(URL.create("sqlite", database=str(tmp_path / "store.db")))
    yield engine
    engine.dispose()


@pytest.fixture
def make_backlog(file):
    def make(room=1000):
        backlog = Backlog(file, room)
        backlog.open()
        return backlog

    return make


@pytest.fixture
def backlog(make_backlog):
    return make_backlog()


class Applied(list):
    """What was brought into the database; some predictions fail with some error."""

    def __init__(self, **errors):
        super().__init__()
        self.errors = {uuid.UUID(hex=name): error for name, error in errors.items()}

    def __call__(self, connection, item):
        if item.prediction_id in self.errors:
            raise self.errors[item.prediction_id]
        self.append(item.body["verdict"])


def rows(file):
    with file.connect() as connection:
        return connection.execute(select(BACKLOG).order_by(BACKLOG.c.id)).mappings().all()


def unreachable():
    return OperationalError("SELECT 1", {}, Exception("server closed the connection"))


def unfit(failure):
    return ServiceError(failure, "does not fit")


def test_the_same_verdict_again_is_the_one_that_waits(backlog):
    one, other = uuid.uuid4(), uuid.uuid4()
    first = backlog.add(one, SAYS, None)
    assert backlog.add(one, dict(SAYS), None) == first
    backlog.add(other, SAYS, None)
    backlog.add(one, SAYS, SECRET)
    backlog.add(one, {"verdict": "skipped"}, None)
    assert backlog.add(one, SAYS, None) != first  # a change of mind and back
    assert backlog.waiting == 5


def test_verdicts_on_one_prediction_are_never_of_the_same_moment(backlog, monkeypatch):
    prediction_id = uuid.uuid4()
    first = backlog.add(prediction_id, SAYS, None)

    class Backwards(module.datetime):
        @classmethod
        def now(cls, zone):
            return first.created_at - timedelta(hours=1)

    monkeypatch.setattr(module, "datetime", Backwards)
    second = backlog.add(prediction_id, {"verdict": "skipped"}, None)
    assert second.created_at == first.created_at + timedelta(microseconds=1)


def test_they_are_applied_in_order_over_several_batches(make_backlog, database, monkeypatch):
    monkeypatch.setattr(module, "BATCH", 4)
    backlog = make_backlog()
    for number in range(10):
        backlog.add(uuid.uuid4(), {"verdict": number}, None)
    backlog, applied = make_backlog(), Applied()  # the next process
    assert backlog.waiting == 10
    assert [backlog.replay(database, applied) for _ in range(4)] == [4, 4, 2, 0]
    assert applied == list(range(10))
    assert backlog.waiting == 0


def test_a_crash_before_the_note_tries_again(backlog, make_backlog, database, file):
    backlog.add(uuid.uuid4(), SAYS, None)
    applied = Applied()

    def crash(connection):
        raise CrashError

    event.listen(file, "commit", crash)
    # The first transaction on the file only reads; its commit is a crash before anything is done.
    with pytest.raises(CrashError):
        backlog.replay(database, applied)
    event.remove(file, "commit", crash)
    assert applied == []

    commits = []

    def crash_second(connection):
        commits.append(connection)
        if len(commits) == 2:
            raise CrashError

    event.listen(file, "commit", crash_second)
    with pytest.raises(CrashError):
        backlog.replay(database, applied)
    event.remove(file, "commit", crash_second)
    again = make_backlog()
    assert (applied, again.waiting) == (["confirmed"], 1)
    assert again.replay(database, applied) == 1
    assert (applied, again.waiting) == (["confirmed"] * 2, 0)


@pytest.mark.parametrize("failure", [Failure.UNKNOWN_LABEL, Failure.TEXT_MISMATCH])
def test_one_that_does_not_fit_is_set_aside_without_its_text(
    backlog, database, file, failure, caplog
):
    told = []
    backlog.on_set_aside(told.append)
    bad = uuid.uuid4()
    backlog.add(bad, SAYS | {"corrected_label": SECRET}, SECRET)
    backlog.add(uuid.uuid4(), {"verdict": "skipped"}, SECRET)
    applied = Applied(**{bad.hex: unfit(failure)})

    assert backlog.replay(database, applied) == 2
    assert backlog.replay(database, applied) == 0

    assert applied == ["skipped"]
    assert backlog.waiting == 0
    assert told == [failure]
    (kept,) = rows(file)
    assert (kept["prediction_id"], kept["set_aside"], kept["text"]) == (bad, failure, None)
    (record,) = [item for item in caplog.records if "set aside" in item.message]
    assert record.fields["prediction_id"] == str(bad)
    assert record.fields["reason"] == failure
    assert record.fields["text_removed"] is True
    assert SECRET not in json.dumps(record.fields)


def test_an_unknown_prediction_gets_a_second_chance(backlog, database, file, monkeypatch):
    known_later, never = uuid.uuid4(), uuid.uuid4()
    backlog.add(known_later, SAYS, SECRET)
    backlog.add(never, {"verdict": "skipped"}, SECRET)
    missing = unfit(Failure.UNKNOWN_PREDICTION)
    applied = Applied(**{known_later.hex: missing, never.hex: missing})

    assert backlog.replay(database, applied) == 2
    assert backlog.replay(database, applied) == 0  # not before its time
    assert [row["text"] for row in rows(file)] == [SECRET] * 2
    assert backlog.waiting == 2

    monkeypatch.setattr(module, "SECOND_TRY", timedelta(0))
    del applied.errors[known_later]
    assert backlog.replay(database, applied) == 2
    assert applied == ["confirmed"]
    (kept,) = rows(file)
    assert (kept["prediction_id"], kept["set_aside"]) == (never, "unknown-prediction")
    assert backlog.waiting == 0


def test_an_error_that_nobody_foresaw_holds_up_no_other(backlog, database, file, caplog):
    bad = uuid.uuid4()
    backlog.add(bad, SAYS, SECRET)
    backlog.add(uuid.uuid4(), {"verdict": "skipped"}, None)
    applied = Applied(**{bad.hex: RuntimeError(SECRET)})
    assert backlog.replay(database, applied) == 2
    assert backlog.replay(database, applied) == 0
    assert applied == ["skipped"]
    (kept,) = rows(file)  # waits on, with its text: it was not found not to fit
    assert (kept["prediction_id"], kept["set_aside"], kept["text"]) == (bad, None, SECRET)
    assert "RuntimeError" in str([record.fields for record in caplog.records])
    assert SECRET not in str([record.fields for record in caplog.records])


def test_a_database_that_goes_away_in_between_leaves_the_rest(backlog, database):
    ids = [uuid.uuid4() for _ in range(3)]
    for number, prediction_id in enumerate(ids):
        backlog.add(prediction_id, {"verdict": number}, None)
    applied = Applied(**{ids[1].hex: unreachable()})
    with pytest.raises(OperationalError):
        backlog.replay(database, applied)
    assert (applied, backlog.waiting) == ([0], 2)
    applied.errors.clear()
    assert backlog.replay(database, applied) == 2
    assert (applied, backlog.waiting) == ([0, 1, 2], 0)


def test_a_full_backlog_refuses_and_those_set_aside_take_no_room(make_backlog, database):
    backlog = make_backlog(room=2)
    bad = uuid.uuid4()
    first = backlog.add(bad, SAYS, None)
    backlog.add(uuid.uuid4(), SAYS, None)
    with pytest.raises(ServiceError, match="2 verdicts wait for it already") as error:
        backlog.add(uuid.uuid4(), SAYS, None)
    assert error.value.failure is Failure.STORE_UNAVAILABLE
    assert backlog.add(bad, SAYS, None) == first  # it has its place
    backlog.replay(database, Applied(**{bad.hex: unfit(Failure.UNKNOWN_LABEL)}))
    assert backlog.waiting == 0
    backlog.add(uuid.uuid4(), SAYS, None)
    backlog.add(uuid.uuid4(), SAYS, None)


def test_only_so_many_set_aside_are_kept(backlog, database, file, monkeypatch, caplog):
    monkeypatch.setattr(module, "MAX_SET_ASIDE", 3)
    ids = [uuid.uuid4() for _ in range(5)]
    for prediction_id in ids:
        backlog.add(prediction_id, SAYS, None)
    waiting = uuid.uuid4()
    backlog.add(waiting, SAYS, None)
    errors = {name.hex: unfit(Failure.UNKNOWN_LABEL) for name in ids}
    backlog.replay(database, Applied(**errors, **{waiting.hex: RuntimeError()}))
    assert [row["prediction_id"] for row in rows(file)] == [*ids[2:], waiting]
    assert sum("set aside" in record.message for record in caplog.records) == 5
    assert caplog.records[-1].fields == {"verdicts": 2}


def test_a_full_disk_is_said_and_not_taken_for_the_database(backlog, database, file):
    backlog.add(uuid.uuid4(), SAYS, None)

    def full(connection, cursor, statement, parameters, context, executemany):
        if statement.startswith(("INSERT", "DELETE")):
            raise OperationalError(statement, {}, Exception("database or disk is full"))

    event.listen(file, "before_cursor_execute", full)
    with pytest.raises(ServiceError) as error:
        backlog.add(uuid.uuid4(), SAYS, None)
    assert error.value.failure is Failure.STORE_UNAVAILABLE
    with pytest.raises(OSError, match="spool failed"):
        backlog.replay(database, Applied())
    event.remove(file, "before_cursor_execute", full)
    assert backlog.replay(database, Applied()) == 1

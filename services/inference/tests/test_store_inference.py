"""The store on both databases: migrations, grouped writes, failures that stay where they belong."""

import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import event, func, inspect, select, text
from sqlalchemy.engine import make_url

from inference.problems import Failure, ServiceError
from inference.store import migrate
from inference.store.engine import make_engine
from inference.store.store import Store
from inference.store.tables import (
    KEPT_TEXTS,
    METADATA,
    PREDICTIONS,
    SHADOW_PREDICTIONS,
    VERDICTS,
)
from inference.store.writer import GroupWriter

TABLES = {"predictions", "kept_texts", "verdicts", "shadow_predictions"}


@pytest.fixture
def engine(store_url):
    engine = make_engine(make_url(store_url))
    yield engine
    engine.dispose()


@pytest.fixture
def migrated(engine):
    migrate.upgrade(engine)
    return engine


def prediction(**values):
    return {
        "id": uuid.uuid4(),
        "created_at": datetime.now(UTC),
        "text_hmac": "0" * 64,
        "model_name": "m",
        "model_version": "1",
        "label": "positive",
        "probabilities": {"negative": 0.25, "positive": 0.75},
        "uncertain": False,
        "truncated": False,
        "token_count": 3,
        "audit": False,
    } | values


def shadow(row):
    said = {"model_version": "2", "label": "negative", "confidence": 0.6}
    return {"prediction_id": row["id"], "seconds": 0.02, "champion_seconds": 0.01} | said


def count(engine, table=PREDICTIONS):
    with engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


def test_head_is_the_newest_migration():
    assert ScriptDirectory(str(migrate.MIGRATIONS)).get_current_head() == migrate.HEAD


def test_up_down_and_up_again(engine):
    with pytest.raises(migrate.SchemaError, match="inference migrate"):
        migrate.require_head(engine)
    for _ in range(2):
        migrate.upgrade(engine)
        migrate.require_head(engine)
        assert set(inspect(engine).get_table_names()) >= TABLES
        migrate.downgrade(engine, "base")
        assert not set(inspect(engine).get_table_names()) & TABLES
    assert migrate.current_revision(engine) is None


def test_what_was_kept_before_a_migration_is_kept_after_it(engine):
    migrate.upgrade(engine, "0001")
    row = prediction()
    with engine.begin() as connection:
        connection.execute(PREDICTIONS.insert(), [row])
        connection.execute(
            text(
                "INSERT INTO verdicts (prediction_id, revision, verdict, created_at) "
                "SELECT id, 1, 'confirmed', created_at FROM predictions"
            )
        )
    for _ in range(2):
        migrate.upgrade(engine)
        with engine.connect() as connection:
            (found,) = connection.execute(select(VERDICTS)).mappings()
        assert (found["prediction_id"], found["verdict"]) == (row["id"], "confirmed")
        assert found["created_at"] == row["created_at"]
        assert found["reviewer_key"] is None
        migrate.downgrade(engine, "0001")


def test_verdicts_of_before_they_said_so_count_as_they_did(engine):
    migrate.upgrade(engine, "0009")
    drawn, other = rows = [prediction(audit=audit) for audit in (True, False)]
    with engine.begin() as connection:
        connection.execute(PREDICTIONS.insert(), rows)
        said = "SELECT id, 1, 'confirmed', created_at FROM predictions"
        columns = "prediction_id, revision, verdict, created_at"
        connection.execute(text(f"INSERT INTO verdicts ({columns}) {said}"))
    for _ in range(2):
        migrate.upgrade(engine)
        with engine.connect() as connection:
            found = connection.execute(select(VERDICTS.c.prediction_id, VERDICTS.c.audit)).all()
        assert dict(map(tuple, found)) == {drawn["id"]: True, other["id"]: False}
        migrate.downgrade(engine, "0009")


def test_migrations_make_the_tables_that_the_code_uses(migrated):
    with migrated.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []


def test_migrations_of_several_processes_at_once(store_url):
    engines = [make_engine(make_url(store_url)) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(migrate.upgrade, engines))
    assert migrate.current_revision(engines[0]) == migrate.HEAD
    for engine in engines:
        engine.dispose()


def test_a_schema_of_another_version_is_not_used(migrated, store_url):
    with migrated.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'future'"))
    for allowed in (False, True):
        store = Store(make_url(store_url), migrate=allowed)
        problem = store._try_to_open()
        assert problem is not None
        assert "future" in problem
        store.close()


def test_the_schema_of_a_later_version_is_used_as_it_is(migrated, store_url, until):
    with migrated.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for allowed in (False, True):
        store = Store(make_url(store_url), migrate=allowed)
        store.open()
        until(lambda: _answers(store), "the store opens", 20)  # noqa: B023
        store.submit({PREDICTIONS: [prediction()]}).result(10)
        store.close()
    assert migrate.current_revision(migrated) == "9999"


def test_erasing_a_prediction_erases_what_a_challenger_said_of_it(migrated):
    row = prediction()
    writer = GroupWriter(migrated)
    writer.submit({PREDICTIONS: [row]}).result(10)
    writer.submit({SHADOW_PREDICTIONS: [shadow(row)]}).result(10)
    with pytest.raises(ServiceError):  # of a prediction that is not there, or no more
        writer.submit({SHADOW_PREDICTIONS: [shadow(prediction())]}).result(10)
    writer.close()
    with migrated.begin() as connection:
        assert dict(connection.execute(select(SHADOW_PREDICTIONS)).mappings().one()) == shadow(row)
        connection.execute(PREDICTIONS.delete())
    assert count(migrated, SHADOW_PREDICTIONS) == 0


def test_a_row_comes_back_as_it_went(migrated):
    moment = datetime(2026, 3, 4, 5, 6, 7, 890_000, timezone(timedelta(hours=2)))
    row = prediction(created_at=moment, confidence=0.75, language="fr")
    writer = GroupWriter(migrated)
    writer.submit({PREDICTIONS: [row]}).result(10)
    writer.close()
    with migrated.connect() as connection:
        found = connection.execute(select(PREDICTIONS)).mappings().one()
    assert dict(found) == row
    assert found["created_at"].tzinfo is UTC


def test_what_waits_is_committed_together_and_before_its_answer(migrated):
    commits = []
    event.listen(migrated, "commit", commits.append)
    writer = GroupWriter(migrated)
    hold = threading.Event()
    event.listen(migrated, "begin", lambda _: hold.wait(10))
    first = writer.submit({PREDICTIONS: [prediction()]})
    time.sleep(0.1)  # it is in the database's hands now; the others queue
    others = [writer.submit({PREDICTIONS: [prediction()]}) for _ in range(50)]
    assert not first.done()
    hold.set()
    for future in [first, *others]:
        future.result(10)
    assert len(commits) == 2
    assert count(migrated) == 51
    writer.close()


def test_a_refused_row_harms_no_neighbour(migrated):
    writer = GroupWriter(migrated)
    hold = threading.Event()
    event.listen(migrated, "begin", lambda _: hold.wait(10))
    futures = [writer.submit({PREDICTIONS: [prediction()]})]
    time.sleep(0.1)
    futures += [writer.submit({PREDICTIONS: [prediction()]}) for _ in range(5)]
    orphan = {"prediction_id": uuid.uuid4(), "reason": "all", "text": "x"}
    refused = writer.submit({KEPT_TEXTS: [orphan | {"created_at": datetime.now(UTC)}]})
    futures += [writer.submit({PREDICTIONS: [prediction()]}) for _ in range(5)]
    hold.set()
    for future in futures:
        future.result(10)
    with pytest.raises(ServiceError) as error:
        refused.result(10)
    assert error.value.failure is Failure.STORE_UNAVAILABLE
    assert count(migrated) == 11
    assert count(migrated, KEPT_TEXTS) == 0
    writer.close()


def test_the_queue_is_bounded_and_closing_writes_what_is_in_it(migrated):
    writer = GroupWriter(migrated, max_queued=3)
    hold = threading.Event()
    event.listen(migrated, "begin", lambda _: hold.wait(10))
    futures = [writer.submit({PREDICTIONS: [prediction()]})]
    time.sleep(0.1)
    futures += [writer.submit({PREDICTIONS: [prediction()]}) for _ in range(3)]
    with pytest.raises(ServiceError, match="wait for the store"):
        writer.submit({PREDICTIONS: [prediction()]})
    closing = threading.Thread(target=writer.close)
    closing.start()
    hold.set()
    closing.join(10)
    assert [future.done() and future.exception() for future in futures] == [None] * 4
    assert count(migrated) == 4
    with pytest.raises(ServiceError, match="shutting down"):
        writer.submit({PREDICTIONS: [prediction()]})


def test_a_client_that_left_before_its_turn_is_not_written(migrated):
    writer = GroupWriter(migrated)
    hold = threading.Event()
    event.listen(migrated, "begin", lambda _: hold.wait(10))
    first = writer.submit({PREDICTIONS: [prediction()]})
    time.sleep(0.1)
    left = writer.submit({PREDICTIONS: [prediction()]})
    stayed = writer.submit({PREDICTIONS: [prediction()]})
    assert left.cancel()
    hold.set()
    first.result(10)
    stayed.result(10)
    assert count(migrated) == 2
    writer.close()


def test_erasing_a_prediction_erases_what_hangs_on_it(migrated):
    row = prediction()
    now = datetime.now(UTC)
    verdict = {"prediction_id": row["id"], "revision": 1, "verdict": "skipped", "created_at": now}
    kept = {"prediction_id": row["id"], "reason": "all", "text": "x", "created_at": now}
    writer = GroupWriter(migrated)
    writer.submit({VERDICTS: [verdict], KEPT_TEXTS: [kept], PREDICTIONS: [row]}).result(10)
    writer.close()
    with migrated.begin() as connection:
        connection.execute(PREDICTIONS.delete())
    assert (count(migrated, KEPT_TEXTS), count(migrated, VERDICTS)) == (0, 0)


@pytest.mark.postgres
def test_a_server_that_went_away_is_noticed_and_found_again(postgres_url, until):
    url = make_url(postgres_url)
    admin = make_engine(url.set(database="postgres")).execution_options(
        isolation_level="AUTOCOMMIT"
    )
    store = Store(url, migrate=True)
    store.open()
    until(lambda: _answers(store), "the store opens")

    def forbid(allowed: str) -> None:
        with admin.connect() as connection:
            name = url.database
            connection.execute(text(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS {allowed}'))
            connection.execute(
                text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :d"),
                {"d": name},
            )

    forbid("false")
    with pytest.raises(ServiceError):
        store.check()
    with pytest.raises(ServiceError):
        store.submit({PREDICTIONS: [prediction()]}).result(10)
    forbid("true")
    store.check()
    store.submit({PREDICTIONS: [prediction()]}).result(10)
    store.close()
    admin.dispose()


def _answers(store: Store) -> bool:
    try:
        store.check()
    except ServiceError:
        return False
    return True


@pytest.mark.postgres
def test_on_postgres_a_start_migrates_only_when_told(postgres_url, until):
    url = make_url(postgres_url)
    waiting = Store(url, migrate=False)
    waiting.open()
    until(lambda: "inference migrate" in (waiting._problem or ""), "it says what to do")
    with pytest.raises(ServiceError, match="inference migrate"):
        waiting.check()
    migrating = Store(url, migrate=True)
    migrating.open()
    until(lambda: _answers(migrating), "it migrates")
    until(lambda: _answers(waiting), "the other finds it done", 20)
    waiting.close()
    migrating.close()

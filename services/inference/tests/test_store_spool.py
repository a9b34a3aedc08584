"""A PostgreSQL that goes away and comes back: nothing acknowledged is lost, nothing kept twice."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import create_engine, event, func, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

from inference.problems import Failure, ServiceError
from inference.store import migrate
from inference.store.engine import make_engine
from inference.store.spool import FILE, Spool
from inference.store.store import Store
from inference.store.tables import KEPT_TEXTS, PREDICTIONS, SHADOW_PREDICTIONS, VERDICTS

pytestmark = [pytest.mark.postgres, pytest.mark.usefixtures("hurried")]
NOW = datetime(2026, 3, 4, tzinfo=UTC)


def prediction(**values):
    return {
        "id": uuid.uuid4(),
        "created_at": NOW,
        "text_hmac": "0" * 64,
        "model_name": "m",
        "model_version": "1",
        "label": "positive",
        "probabilities": {"negative": 0.25, "positive": 0.75},
        "uncertain": False,
        "truncated": False,
        "token_count": 3,
        "audit": False,
        "confidence": 0.75,
        "language": "en",
    } | values


def verdict(row, revision=1):
    said = {"verdict": "confirmed", "corrected_label": None, "channel": None}
    said_by = {"reviewer": None, "reviewer_key": "page", "audit": True}
    return {"prediction_id": row["id"], "revision": revision, "created_at": NOW} | said | said_by


def count(engine, table=PREDICTIONS):
    with engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


@pytest.fixture
def database(postgres_url):
    """The database itself, for looking inside; migrated."""
    engine = make_engine(make_url(postgres_url))
    migrate.upgrade(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def make_spool(tmp_path):
    made = []

    def make(room=1000):
        spool = Spool(tmp_path / "data", room, room)
        spool.open()
        made.append(spool)
        return spool

    yield make
    for spool in made:
        spool.close()


def spooled(tmp_path):
    engine = create_engine(f"sqlite:///{tmp_path / 'data' / FILE}")
    found = count(engine)
    engine.dispose()
    return found


def test_rows_move_as_they_are_with_what_hangs_on_them(database, make_spool):
    spool = make_spool()
    one, other = prediction(), prediction(created_at=NOW + timedelta(seconds=1))
    kept = {"prediction_id": one["id"], "reason": "all", "text": "x", "created_at": NOW}
    spool.add([{PREDICTIONS: [one], KEPT_TEXTS: [kept], VERDICTS: [verdict(one)]}])
    spool.add([{PREDICTIONS: [other]}])
    assert spool.waiting == 2

    assert spool.move(database) == 2

    assert spool.waiting == 0
    with database.connect() as connection:
        found = connection.execute(select(PREDICTIONS).order_by(PREDICTIONS.c.created_at))
        assert [dict(row) for row in found.mappings()] == [one, other]
        assert dict(connection.execute(select(KEPT_TEXTS)).mappings().one()) == kept
        assert dict(connection.execute(select(VERDICTS)).mappings().one()) == verdict(one)
    assert spool.move(database) == 0


def test_what_a_challenger_says_moves_with_its_prediction_or_is_dropped(database, make_spool):
    spool = make_spool()
    row = prediction()
    spool.add([{PREDICTIONS: [row]}])
    said = {"model_version": "2", "label": "negative", "confidence": 0.6}
    shadow = {"prediction_id": row["id"], "seconds": 0.02, "champion_seconds": 0.01} | said
    of_another = shadow | {"prediction_id": uuid.uuid4()}  # which is in the database
    spool.add([{SHADOW_PREDICTIONS: [of_another]}, {SHADOW_PREDICTIONS: [shadow]}])
    assert spool.move(database) == 1
    with database.connect() as connection:
        assert dict(connection.execute(select(SHADOW_PREDICTIONS)).mappings().one()) == shadow


def test_what_a_crash_left_in_both_places_is_kept_once(database, make_spool):
    spool = make_spool()
    row = prediction()
    spool.add([{PREDICTIONS: [row], VERDICTS: [verdict(row)]}])

    class CrashError(Exception):
        pass

    def crash(connection):
        raise CrashError

    event.listen(spool._engine, "commit", crash)
    with pytest.raises(CrashError):
        spool.move(database)
    event.remove(spool._engine, "commit", crash)
    assert (count(database), spool.waiting) == (1, 1)

    again = make_spool()  # the next process
    assert again.waiting == 1
    with again._engine.begin() as connection:  # a changed mind meanwhile
        connection.execute(VERDICTS.insert(), [verdict(row, 2)])
    assert again.move(database) == 1

    assert (count(database), count(database, VERDICTS), again.waiting) == (1, 2, 0)


def test_a_refused_row_stays_and_holds_up_no_other(database, make_spool):
    spool = make_spool()
    refused = prediction(text_hmac="0" * 65)  # SQLite does not count, PostgreSQL does
    spool.add([{PREDICTIONS: [prediction(), refused, prediction()]}])

    assert spool.move(database) == 2
    assert spool.move(database) == 0

    assert (spool.waiting, spool.movable) == (1, 0)
    assert count(database) == 2


def test_a_database_that_is_away_changes_nothing(database, make_spool, allow):
    spool = make_spool()
    spool.add([{PREDICTIONS: [prediction()]}])
    allow(False)
    with pytest.raises(OperationalError):
        spool.move(database)
    assert spool.waiting == 1
    allow(True)
    assert spool.move(database) == 1


def test_a_full_spool_refuses_and_says_so(make_spool):
    spool = make_spool(room=2)
    spool.add([{PREDICTIONS: [prediction(), prediction()]}])
    with pytest.raises(ServiceError, match="2 predictions wait for it already") as error:
        spool.add([{PREDICTIONS: [prediction()]}])
    assert error.value.failure is Failure.STORE_UNAVAILABLE
    assert spool.waiting == 2


def test_many_more_than_one_batch_move(database, make_spool):
    spool = make_spool(room=5000)
    spool.add([{PREDICTIONS: [prediction() for _ in range(1200)]}])
    moved = []
    while done := spool.move(database):
        moved.append(done)
    assert moved == [500, 500, 200]
    assert count(database) == 1200


def test_a_store_spools_while_its_database_is_away(
    database, postgres_url, make_spool, allow, until
):
    spool = make_spool(room=3)
    store = Store(make_url(postgres_url), migrate=False, spool=spool)
    store.open()
    until(lambda: store._problem is None, "the store opens")
    store.submit({PREDICTIONS: [prediction()]}).result(10)
    assert count(database) == 1

    allow(False)
    store.check()  # still ready
    rows = [prediction() for _ in range(3)]
    for row in rows:
        store.submit({PREDICTIONS: [row]}).result(10)
    assert spool.waiting == 3
    with pytest.raises(ServiceError, match="wait for it already"):
        store.submit({PREDICTIONS: [prediction()]}).result(10)
    with pytest.raises(ServiceError, match="wait for it already"):
        store.check()

    allow(True)
    until(lambda: spool.waiting == 0, "the spool is moved")
    assert count(database) == 4
    store.check()
    store.submit({PREDICTIONS: [prediction()]}).result(10)
    assert count(database) == 5
    store.close()


def test_a_schema_of_another_version_is_not_spooled_over(database, postgres_url, make_spool, until):
    with database.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'future'"))
    spool = make_spool()
    store = Store(make_url(postgres_url), migrate=False, spool=spool)
    store.open()
    until(lambda: "future" in (store._problem or ""), "it says what is wrong")
    with pytest.raises(ServiceError, match="future"):
        store.submit({PREDICTIONS: [prediction()]})
    with pytest.raises(ServiceError, match="future"):
        store.check()
    store.close()


@pytest.fixture
def post(serve_app, postgres_url, database):
    with serve_app(database_url=postgres_url) as client:

        def post(route, expected=200, **body):
            answer = client.post(f"/v1/{route}", json=body)
            assert answer.status_code == expected, answer.text
            return answer.json()

        post.client = client
        yield post


def test_predictions_and_verdicts_on_them_go_on(post, database, allow, tmp_path, until):
    before = post("predict", text="lovely bag")
    allow(False)

    during = post("predict", text="lost bag")
    assert during["label"] == "negative"
    first = post("feedback", prediction_id=during["id"], verdict="confirmed")
    assert first["revision"] == 1
    again = post("feedback", prediction_id=during["id"], verdict="confirmed")
    assert again == first
    changed = post(
        "feedback",
        prediction_id=during["id"],
        verdict="rejected",
        corrected_label="neutral",
        text="lost bag",
        consent=True,
    )
    assert (changed["revision"], changed["text_kept"]) == (2, True)
    # Judged here as it would be there.
    wrong = {"prediction_id": during["id"], "verdict": "rejected"}
    post("feedback", expected=422, **wrong, corrected_label="angry")
    post("feedback", expected=422, **wrong, text="another text", consent=True)
    batch = post("predict/batch", texts=["thank you", "late"])
    assert all(item["prediction"] for item in batch["results"])
    assert post.client.get("/readyz").status_code == 200
    assert "radar_spooled_predictions 3.0" in post.client.get("/metrics").text
    assert spooled(tmp_path) == 3
    # What only the database knows waits for it, unchecked.
    queued = post("feedback", expected=202, prediction_id=before["id"], verdict="confirmed")
    assert (queued["queued"], queued["revision"]) == (True, None)

    allow(True)
    until(lambda: spooled(tmp_path) == 0, "the spool is moved")
    assert count(database) == 4
    third = post("feedback", prediction_id=during["id"], verdict="skipped")
    assert third["revision"] == 3
    assert post("feedback", prediction_id=before["id"], verdict="confirmed")["revision"] == 1
    with database.connect() as connection:
        kept = connection.execute(select(KEPT_TEXTS.c.text, KEPT_TEXTS.c.reason)).all()
    assert [tuple(row) for row in kept] == [("lost bag", "consent")]


def test_a_killed_process_that_starts_without_its_database_loses_nothing(
    start_server, wait_ready, postgres_url, database, allow, tmp_path, until
):
    import httpx

    settings = {"DATABASE_URL": postgres_url, "DATA_DIR": str(tmp_path / "data")}

    def predict(server):
        answer = httpx.post(
            f"{server.url}/v1/predict", json={"text": "late"}, timeout=20, trust_env=False
        )
        assert answer.status_code == 200, answer.text
        return answer.json()["id"]

    server = start_server(**settings)
    ids = {predict(server)}
    allow(False)
    ids |= {predict(server) for _ in range(5)}
    server.kill()

    server = start_server(**settings)  # ready, although the database is away
    ids |= {predict(server) for _ in range(5)}
    allow(True)
    until(lambda: spooled(tmp_path) == 0, "the spool is moved")
    with database.connect() as connection:
        kept = {str(found) for found in connection.execute(select(PREDICTIONS.c.id)).scalars()}
    assert kept == ids


def test_without_room_for_any_the_answer_is_503(serve_app, postgres_url, database, allow):
    with serve_app(database_url=postgres_url, spool_predictions=0) as client:
        allow(False)
        assert client.post("/v1/predict", json={"text": "late"}).status_code == 503
        assert client.get("/readyz").status_code == 503


def test_a_folder_that_cannot_be_used_is_one_line(tmp_path, postgres_url):
    (tmp_path / "data").write_text("a file")
    with pytest.raises(OSError, match="data"):
        Spool(tmp_path / "data", 1, 1).open()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / FILE).write_bytes(b"no database" * 100)
    with pytest.raises(OSError, match=r"spool\.db in it cannot be used"):
        Spool(tmp_path / "other", 1, 1).open()

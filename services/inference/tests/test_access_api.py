"""Requests with and without keys, over both databases."""

import asyncio
import time
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import make_url, select

from inference.access import repository
from inference.access.callers import Caller
from inference.access.keys import KeptKey, digest_of, make_key
from inference.access.ring import FILE, REFRESH_SECONDS
from inference.access.scopes import Scope
from inference.app import DIALECTS, ROUTERS, create_app
from inference.problems import FAILURES, Failure
from inference.store.tables import VERDICTS

TEXT = "lovely crew, zanzibar"
OPEN = {"/livez", "/readyz", "/metrics", "/v2/health/live", "/v2/health/ready"}
JSON = {"Content-Type": "application/json"}


class Api:
    """The API with keys, and a way to make some."""

    def __init__(self, client):
        self.client = client
        self.access = client.app.state.services.access
        self.secrets = []

    def run(self, work, *arguments):
        store = self.access._ring._store
        result = store.run(lambda connection: work(connection, *arguments))
        self.access._ring.refresh()
        return result

    def key(self, name, *scopes, rate=None, days=1):
        secret = make_key()
        now = datetime.now(UTC)
        caller = Caller(name, frozenset(scopes))
        kept = KeptKey(digest_of(secret), caller, rate, now, now + timedelta(days=days))
        self.run(repository.add_key, kept)
        self.secrets.append(secret)
        return secret

    def post(self, route, key, body):
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        return self.client.post(f"/v1/{route}", json=body, headers=headers)

    def predict(self, key, **more):
        return self.post("predict", key, {"text": TEXT, **more})


@pytest.fixture
def api(serve_app, store_url):
    with serve_app(database_url=store_url, access="keys", store_text="all") as client:
        yield Api(client)


@pytest.fixture
def sqlite_api(serve_app):
    """The same over SQLite alone, for what the database does not matter to."""
    with serve_app(access="keys") as client:
        yield Api(client)


def check(answer, failure):
    assert answer.json()["type"] == f"/problems/{failure}", answer.text
    assert answer.status_code == FAILURES[failure][0]
    assert "zanzibar" not in answer.text
    return answer


def test_a_key_does_what_it_is_for_until_it_is_revoked(api):
    check(api.predict(None), Failure.KEY_MISSING)
    check(api.predict(make_key()), Failure.KEY_UNKNOWN)
    key = api.key("newsroom", Scope.PREDICT)
    assert api.predict(key).status_code == 200
    check(api.predict(api.key("old", Scope.PREDICT, days=-1)), Failure.KEY_EXPIRED)
    api.run(repository.revoke_key, "newsroom")
    check(api.predict(key), Failure.KEY_UNKNOWN)


def test_a_revocation_elsewhere_takes_effect_within_seconds(api, until):
    key = api.key("newsroom", Scope.PREDICT)
    assert api.predict(key).status_code == 200
    store = api.access._ring._store
    began = time.monotonic()
    store.run(lambda connection: repository.revoke_key(connection, "newsroom"))
    until(lambda: api.predict(key).status_code == 401, "it is refused", 10)
    assert time.monotonic() - began < REFRESH_SECONDS + 3


@pytest.mark.parametrize(
    ("sent", "failure", "challenge"),
    [
        (None, Failure.KEY_MISSING, 'Bearer realm="radar"'),
        ("", Failure.KEY_MISSING, 'Bearer realm="radar"'),
        ("Bearer", Failure.KEY_MISSING, 'Bearer realm="radar"'),
        ("Basic dXNlcjpwYXNz", Failure.KEY_MISSING, 'Bearer realm="radar"'),
        ("Bearer zanzibar", Failure.KEY_UNKNOWN, 'Bearer realm="radar", error="invalid_token"'),
        (b"Bearer \xff\xfe", Failure.KEY_UNKNOWN, 'Bearer realm="radar", error="invalid_token"'),
    ],
)
def test_a_refusal_says_how_to_be_admitted(sqlite_api, sent, failure, challenge):
    headers = {} if sent is None else {"Authorization": sent}
    answer = sqlite_api.client.post("/v1/predict", json={"text": TEXT}, headers=headers)
    check(answer, failure)
    assert answer.headers["WWW-Authenticate"] == challenge


def test_scopes_include_none_other(api):
    keys = {scope: api.key(f"only-{scope}", scope) for scope in Scope}
    prediction = api.predict(keys[Scope.PREDICT]).json()
    verdict = {"prediction_id": prediction["id"], "verdict": "confirmed"}
    tries = {
        Scope.PREDICT: lambda key: api.predict(key),
        Scope.FEEDBACK: lambda key: api.post("feedback", key, verdict),
        Scope.ADMIN: lambda key: api.client.get(
            "/v1/feedback/labelled", headers={"Authorization": f"bearer {key}"}
        ),
    }
    for needed, attempt in tries.items():
        for scope, key in keys.items():
            answer = attempt(key)
            if scope == needed:
                assert answer.status_code == 200, answer.text
                continue
            check(answer, Failure.SCOPE_MISSING)
            expected = f'Bearer realm="radar", error="insufficient_scope", scope="{needed}"'
            assert answer.headers["WWW-Authenticate"] == expected


def test_a_verdict_carries_the_name_of_its_key(api, rows):
    predicting = api.key("client", Scope.PREDICT)
    judging = api.key("page", Scope.PREDICT, Scope.FEEDBACK)
    prediction = api.predict(predicting).json()
    verdict = {"prediction_id": prediction["id"], "verdict": "confirmed", "reviewer": "r-7"}
    assert api.post("feedback", judging, verdict).status_code == 200
    # A true label is a verdict as well.
    check(api.predict(predicting, true_label="negative"), Failure.SCOPE_MISSING)
    assert api.predict(judging, true_label="negative").status_code == 200
    with rows.connect() as connection:
        found = connection.execute(select(VERDICTS.c.verdict, VERDICTS.c.reviewer_key))
        assert sorted(map(tuple, found)) == [("confirmed", "page"), ("rejected", "page")]
    admin = {"Authorization": f"Bearer {api.key('trainer', Scope.ADMIN)}"}
    items = api.client.get("/v1/feedback/labelled", headers=admin).json()["items"]
    assert [(item["reviewer"], item["reviewer_key"]) for item in items] == [
        ("r-7", "page"),
        (None, "page"),
    ]


def test_the_rate_is_told_and_held(sqlite_api):
    api = sqlite_api
    now = [1000.0]
    api.access._clock = lambda: now[0]
    key = api.key("slow", Scope.PREDICT, rate=3)
    told = []
    for _ in range(3):
        answer = api.predict(key)
        assert answer.status_code == 200
        assert answer.headers["RateLimit-Policy"] == '"requests";q=3;w=60'
        told.append(answer.headers["RateLimit"])
    assert told == ['"requests";r=2;t=20', '"requests";r=1;t=40', '"requests";r=0;t=60']
    refused = check(api.predict(key), Failure.RATE_LIMITED)
    assert refused.headers["Retry-After"] == "20"
    assert refused.headers["RateLimit"] == '"requests";r=0;t=60'
    # Others have a quota of their own, or none.
    free = api.predict(api.key("fast", Scope.PREDICT))
    assert free.status_code == 200
    assert "RateLimit" not in free.headers
    now[0] += 20
    assert api.predict(key).status_code == 200
    # An answer to a request that fails later tells the rate as well.
    now[0] += 20
    answer = api.predict(key, what="is this")
    assert (answer.status_code, answer.headers["RateLimit"]) == (422, '"requests";r=0;t=60')


def test_a_key_is_checked_before_the_body_is_read(sqlite_api):
    api = sqlite_api
    rated = api.key("rated", Scope.PREDICT, rate=1)
    judging = api.key("judging", Scope.FEEDBACK)
    assert api.predict(rated).status_code == 200
    for key, failure in (
        (None, Failure.KEY_MISSING),
        (make_key(), Failure.KEY_UNKNOWN),
        (judging, Failure.SCOPE_MISSING),
        (rated, Failure.RATE_LIMITED),
    ):
        headers = JSON | ({"Authorization": f"Bearer {key}"} if key else {})
        assert refused_unread(api.client.app, headers) == FAILURES[failure][0]


def refused_unread(app, headers):
    """The status of a prediction whose body nobody may read."""
    sent = []
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/predict",
        "raw_path": b"/v1/predict",
        "query_string": b"",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
    }

    async def receive():
        raise AssertionError("the body is read")

    async def send(message):
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    return sent[0]["status"]


def test_every_route_but_health_needs_a_key_and_says_so(sqlite_api):
    client = sqlite_api.client
    document = client.get("/openapi.json").json()
    assert client.get("/docs").status_code == 200
    assert document["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
    assert set(document["paths"]) > OPEN
    assert {route.path for router in ROUTERS for route in router.routes} == set(document["paths"])
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            answer = client.request(method, path)
            if path in OPEN:
                assert answer.status_code == 200
                assert "security" not in operation
                continue
            if any(dialect.owns(path) for dialect in DIALECTS):
                assert (answer.status_code, "error" in answer.json()) == (401, True)
            else:
                check(answer, Failure.KEY_MISSING)
            assert operation["security"] == [{"key": []}]
            assert "Needs a key with the scope" in operation["description"]
            described = operation["responses"]
            for failure in (Failure.KEY_MISSING, Failure.SCOPE_MISSING, Failure.RATE_LIMITED):
                status = str(int(FAILURES[failure][0]))
                assert f"/problems/{failure}" in described[status]["description"]
    overloaded = document["paths"]["/v1/predict"]["post"]["responses"]["429"]["description"]
    assert "/problems/overloaded" in overloaded


def test_without_keys_the_document_speaks_of_none(client):
    assert "security" not in client.get("/openapi.json").text
    assert client.post("/v1/predict", json={"text": TEXT}).status_code == 200


def test_an_unmarked_route_is_for_admins_and_an_unguarded_one_is_no_route(sqlite_api):
    from fastapi import APIRouter, FastAPI

    from inference.access.routing import GuardedRoute, include

    async def secret() -> None: ...

    router = APIRouter(route_class=GuardedRoute)
    router.get("/unmarked")(secret)
    (route,) = router.routes
    assert route.scope is Scope.ADMIN
    plain = APIRouter()
    plain.get("/plain")(secret)
    with pytest.raises(TypeError, match="plain"):
        include(FastAPI(), [plain])


@pytest.mark.postgres
def test_keys_work_while_the_database_is_away_and_after_a_restart(
    serve_app, postgres_url, allow, tmp_path
):
    settings = {"database_url": postgres_url, "access": "keys", "model_poll_seconds": 1}
    with serve_app(**settings) as client:
        api = Api(client)
        key = api.key("newsroom", Scope.PREDICT, Scope.FEEDBACK)
        gone = api.key("gone", Scope.PREDICT)
        api.run(repository.revoke_key, "gone")
        allow(False)
        assert api.predict(key).status_code == 200
        time.sleep(REFRESH_SECONDS + 0.5)  # it looked for changes meanwhile
        assert api.predict(key).status_code == 200
        check(api.predict(gone), Failure.KEY_UNKNOWN)
    assert key not in (tmp_path / "data" / FILE).read_text()
    with serve_app(**settings) as client:
        headers = {"Authorization": f"Bearer {key}"}
        answer = client.post("/v1/predict", json={"text": TEXT}, headers=headers)
        assert answer.status_code == 200, answer.text
        headers = {"Authorization": f"Bearer {gone}"}
        check(client.post("/v1/predict", json={"text": TEXT}, headers=headers), Failure.KEY_UNKNOWN)
        allow(True)


@pytest.mark.postgres
def test_without_keys_ever_read_nobody_is_admitted_and_it_is_not_ready(
    serve_app, postgres_url, allow
):
    allow(False)
    with serve_app(database_url=postgres_url, access="keys", ready=False) as client:
        headers = {"Authorization": f"Bearer {make_key()}"}
        answer = client.post("/v1/predict", json={"text": TEXT}, headers=headers)
        check(answer, Failure.STORE_UNAVAILABLE)
        assert answer.headers["Retry-After"]
        problem = check(client.get("/readyz"), Failure.NOT_READY).json()
        assert "keys were not read yet" in problem["checks"]["access"]
        allow(True)


def test_keys_are_nowhere_but_with_their_owners(start_server, tmp_path, until):
    import httpx

    from inference.store.engine import make_engine
    from inference.store.migrate import upgrade

    url = f"sqlite:///{tmp_path / 'store.db'}"
    engine = make_engine(make_url(url))
    upgrade(engine)
    good, bad, revoked = make_key(), make_key(), make_key()
    now = datetime.now(UTC)
    with engine.begin() as connection:
        for name, secret in (("newsroom", good), ("gone", revoked)):
            caller = Caller(name, frozenset({Scope.PREDICT}))
            repository.add_key(connection, KeptKey(digest_of(secret), caller, 600, now))
        repository.revoke_key(connection, "gone")
    engine.dispose()
    server = start_server(DATABASE_URL=url, ACCESS="keys")
    answers = {}
    for key in (good, bad, revoked, None):
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        answers[key] = httpx.post(
            f"{server.url}/v1/predict", json={"text": TEXT}, headers=headers, trust_env=False
        )
    assert [answer.status_code for answer in answers.values()] == [200, 401, 401, 401]
    emitted = [answer.text + str(answer.headers) for answer in answers.values()]
    emitted += [
        httpx.get(f"{server.url}/{path}", trust_env=False).text
        for path in ("metrics", "readyz", "livez", "openapi.json")
    ]
    until(lambda: len([line for line in server.lines() if line.get("status") == 401]) == 3, "lines")
    lines = [line for line in server.lines() if line["message"] == "request"]
    asked = [(line["status"], line.get("key")) for line in lines if line["route"] == "/v1/predict"]
    assert asked == [(200, "newsroom"), (401, None), (401, None), (401, None)]
    server.kill()
    kept = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(kept) >= 2
    emitted += [path.read_bytes().decode("latin-1") for path in kept]
    for text in emitted:
        for key in (good, bad, revoked):
            assert key not in text
            assert key.removeprefix("radar_") not in text


def test_a_server_that_others_reach_says_who_may_ask(make_settings):
    from inference.settings import SettingsError

    settings = make_settings()
    with pytest.raises(SettingsError, match=r"^ACCESS: "):
        create_app(settings, host="0.0.0.0")
    for access in ("keys", "open"):
        create_app(make_settings(access=access), host="0.0.0.0")

"""Routes that call their endpoint themselves."""

import pytest
from fastapi import APIRouter, FastAPI, Request
from fastapi.testclient import TestClient
from pydantic import BaseModel, Field

from inference.handlers import add_handlers
from inference.json_route import JsonRoute

JSON = {"Content-Type": "application/json"}


class Question(BaseModel):
    words: list[str] = Field(min_length=1)


class Reply(BaseModel):
    model: str
    count: int


@pytest.fixture(scope="module")
def client():
    router = APIRouter(route_class=JsonRoute)

    @router.post("/models/{model}")
    async def count(body: Question, request: Request, model: str) -> Reply:
        assert request.headers
        return Reply(model=model, count=len(body.words))

    app = FastAPI()
    app.include_router(router, prefix="/v1")
    add_handlers(app)
    with TestClient(app) as client:
        yield client


def test_body_and_path_reach_the_endpoint(client):
    answer = client.post("/v1/models/a", json={"words": ["b", "c"]})
    assert (answer.status_code, answer.json()) == (200, {"model": "a", "count": 2})
    assert answer.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "invalid-request"),
        (b"{", "malformed-json"),
        (b"\xff", "malformed-json"),
        (b"[" * 100_000, "malformed-json"),
        (b'{"words": ' + b"9" * 5_000 + b"}", "malformed-json"),
        (b"null", "invalid-request"),
        (b"[1]", "invalid-request"),
        (b"{}", "invalid-request"),
        (b'{"words": [7]}', "invalid-request"),
    ],
)
def test_what_breaks_a_rule_is_a_problem(client, content, problem):
    answer = client.post("/v1/models/a", content=content, headers=JSON)
    assert answer.json()["type"] == f"/problems/{problem}"
    if content == b'{"words": [7]}':
        assert answer.json()["errors"][0]["field"] == "body.words.0"


def test_another_media_type_is_refused(client):
    assert client.post("/v1/models/a", content=b"{}").status_code == 415


def test_the_framework_describes_it(client):
    operation = client.get("/openapi.json").json()["paths"]["/v1/models/{model}"]["post"]
    assert operation["parameters"][0]["name"] == "model"
    assert operation["requestBody"]["required"] is True
    schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
    assert schema["$ref"].endswith("/Reply")


def test_an_endpoint_that_asks_for_more_is_refused():
    router = APIRouter(route_class=JsonRoute)
    for other in ({}, {"limit": int}):

        async def endpoint(body, request, limit=1): ...

        endpoint.__annotations__ = {"body": Question, "request": Request, **other}
        with pytest.raises(TypeError, match="must take body, request"):
            router.post("/")(endpoint)

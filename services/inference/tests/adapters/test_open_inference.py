"""The Open Inference Protocol, asked by its reference client and byte by byte."""

import json
import struct
import uuid
from itertools import product

import numpy as np
import pytest
from sqlalchemy import select

from inference.adapters.open_inference.tensors import HEADER
from inference.store.tables import PREDICTIONS

NAME = "tweet-sentiment"
INFER = f"/v2/models/{NAME}/infer"
TEXTS = ["Lovely crew, thank you", "late again \u2764\ufe0f", "", "hmm", "late " * 100]
OUTPUTS = ["label", "probabilities", "uncertain", "truncated", "prediction_id"]


def document(texts, **more):
    tensor = {"name": "text", "shape": [len(texts)], "datatype": "BYTES", "data": texts}
    return {"inputs": [tensor], **more}


def outputs_of(answer):
    assert answer.status_code == 200, answer.text
    return {tensor["name"]: tensor for tensor in answer.json()["outputs"]}


def failure_of(answer):
    body = answer.json()
    assert list(body) == ["error"]
    assert answer.headers["content-type"] == "application/json"
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert answer.headers["X-Request-Id"]
    return answer.status_code, body["error"]


@pytest.fixture
def http():
    """The reference client, Triton's, and its module."""
    return pytest.importorskip("tritonclient.http", reason="needs the packages of dev.in")


@pytest.fixture
def triton(http, start_server):
    server = start_server()
    with http.InferenceServerClient(server.url.removeprefix("http://")) as client:
        yield client


@pytest.fixture
def ask(triton, http):
    """Sends texts in a shape; `binary`: None, as the client does it by default, which is binary."""

    def ask(texts, shape, binary):
        tensor = http.InferInput("text", shape, "BYTES")
        tensor.set_data_from_numpy(
            np.array(texts, np.object_).reshape(shape), binary_data=binary is not False
        )
        wanted = None
        if binary is not None:
            wanted = [http.InferRequestedOutput(name, binary_data=binary) for name in OUTPUTS]
        return triton.infer(NAME, [tensor], outputs=wanted, request_id="42")

    return ask


def strings(tensor):
    """JSON gives the client strings, binary form bytes."""
    return [item.decode() if isinstance(item, bytes) else item for item in tensor]


def test_the_reference_client_is_answered(ask, bundle):
    expected = bundle.predict(TEXTS)
    rows = np.array([list(item.probabilities.values()) for item in expected])
    for shape, binary in product(([5], [5, 1]), (None, True, False)):
        answer = ask(TEXTS, shape, binary)
        assert answer.get_response()["id"] == "42"
        assert strings(answer.as_numpy("label")) == [item.label for item in expected]
        probabilities = answer.as_numpy("probabilities")
        assert probabilities.dtype == np.float32
        assert probabilities == pytest.approx(rows, abs=1e-6)
        assert answer.as_numpy("uncertain").dtype == np.bool_
        assert answer.as_numpy("uncertain").tolist() == [item.uncertain for item in expected]
        assert answer.as_numpy("truncated").tolist() == [False, False, False, False, True]
        assert len(set(map(uuid.UUID, strings(answer.as_numpy("prediction_id"))))) == 5


def test_the_reference_client_reads_what_there_is(triton, http):
    assert triton.is_server_live()
    assert triton.is_server_ready()
    assert triton.is_model_ready(NAME)
    assert not triton.is_model_ready("another")
    assert "binary_tensor_data" in triton.get_server_metadata()["extensions"]
    metadata = triton.get_model_metadata(NAME)
    (version,) = metadata["versions"]
    assert triton.get_model_metadata(NAME, version) == metadata
    assert triton.is_model_ready(NAME, version)
    assert metadata["inputs"] == [{"name": "text", "datatype": "BYTES", "shape": [-1]}]
    assert [tensor["name"] for tensor in metadata["outputs"]] == OUTPUTS
    labels = json.loads(metadata["outputs"][1]["parameters"]["labels"])
    assert labels == ["negative", "neutral", "positive"]
    tensor = http.InferInput("text", [1], "BYTES")
    tensor.set_data_from_numpy(np.array(["late"], np.object_))
    assert triton.infer(NAME, [tensor], version).get_response()["model_version"] == version


def test_the_reference_client_is_told_what_is_wrong(triton, http):
    from tritonclient.utils import InferenceServerException

    tensor = http.InferInput("text", [1], "BYTES")
    tensor.set_data_from_numpy(np.array([b"\xff"], np.object_))
    with pytest.raises(InferenceServerException) as refused:
        triton.infer(NAME, [tensor])
    assert refused.value.status() == "422"
    assert refused.value.message() == "text 0: must be UTF-8"
    tensor.set_data_from_numpy(np.array(["late"], np.object_))
    with pytest.raises(InferenceServerException) as refused:
        triton.infer("another", [tensor])
    assert refused.value.status() == "404"
    assert NAME in refused.value.message()


def test_the_example_of_the_protocol_in_json(client):
    answer = client.post(
        INFER,
        json=document(["late", "lovely"], id="7", outputs=[{"name": "probabilities"}]),
    )
    (tensor,) = outputs_of(answer).values()
    assert answer.json()["id"] == "7"
    assert answer.json()["model_name"] == NAME
    assert (tensor["name"], tensor["datatype"], tensor["shape"]) == (
        "probabilities",
        "FP32",
        [2, 3],
    )
    assert len(tensor["data"]) == 6
    single = client.post("/v1/predict", json={"text": "late"}).json()["probabilities"]
    assert tensor["data"][:3] == pytest.approx(list(single.values()))
    assert "id" not in client.post(INFER, json=document(["late"])).json()


def test_what_is_binary_lies_behind_the_document(client):
    body = document(
        ["late"],
        outputs=[
            {"name": "label", "parameters": {"binary_data": True}},
            {"name": "uncertain"},
            {"name": "probabilities", "parameters": {"binary_data": True}},
        ],
    )
    answer = client.post(INFER, json=body)
    assert answer.headers["content-type"] == "application/octet-stream"
    length = int(answer.headers[HEADER])
    label, uncertain, probabilities = json.loads(answer.content[:length])["outputs"]
    assert label["parameters"] == {"binary_data_size": 12}
    assert uncertain["data"] == [False]
    assert answer.content[length : length + 12] == struct.pack("<I", 8) + b"negative"
    row = np.frombuffer(answer.content[length + 12 :], "<f4")
    assert row.size * 4 == probabilities["parameters"]["binary_data_size"] == 12
    assert row.sum() == pytest.approx(1)


def test_predictions_are_kept_and_counted_like_any(serve_app, store_url, rows):
    with serve_app(database_url=store_url) as client:
        ids = outputs_of(client.post(INFER, json=document(["late", "lovely"])))["prediction_id"]
        verdict = {"prediction_id": ids["data"][0], "verdict": "confirmed"}
        assert client.post("/v1/feedback", json=verdict).status_code == 200
        assert 'route="/v2/models/{name}/infer",status="200"' in client.get("/metrics").text
    with rows.connect() as connection:
        kept = {str(row.id): row.label for row in connection.execute(select(PREDICTIONS))}
    assert kept == dict(zip(ids["data"], ["negative", "positive"], strict=True))


def test_one_text_that_is_refused_refuses_all_and_nothing_is_kept(serve_app, store_url, rows):
    with serve_app(database_url=store_url) as client:
        long = document(["late", "late " * 100], parameters={"truncate": False})
        status, error = failure_of(client.post(INFER, json=long))
        assert (status, error[:8]) == (422, "text 1: ")
        surrogate = json.dumps(document(["late", "\ud800"]))
        assert failure_of(client.post(INFER, content=surrogate))[0] == 422
    with rows.connect() as connection:
        assert connection.execute(select(PREDICTIONS)).all() == []


def tensor(**more):
    return {"name": "text", "shape": [1], "datatype": "BYTES", "data": ["late"], **more}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"inputs": []}, "inputs"),
        ({"inputs": [tensor(), tensor()]}, "inputs"),
        ({"inputs": [tensor(name="zanzibar")]}, "inputs.0.name: Input should be 'text'"),
        ({"inputs": [tensor(datatype="FP32")]}, "inputs.0.datatype: Input should be 'BYTES'"),
        ({"inputs": [tensor(shape=[2])]}, "has 1 texts, the shape says 2"),
        ({"inputs": [tensor(shape=[1, 2])]}, "must be [n] or [n, 1] with n from 1 to 256"),
        ({"inputs": [tensor(shape=[0], data=[])]}, "with n from 1 to 256"),
        ({"inputs": [tensor(shape=[257], data=["late"] * 257)]}, "with n from 1 to 256"),
        ({"inputs": [tensor(data=None)]}, "inputs.0.data: is missing"),
        ({"inputs": [tensor(data=[7])]}, "inputs.0.data"),
        ({"inputs": [tensor()], "outputs": [{"name": "zanzibar"}]}, "outputs: must be some of"),
        (
            {
                "inputs": [tensor()],
                "outputs": [{"name": "label", "parameters": {"classification": 3}}],
            },
            "classification",
        ),
        ({"inputs": [tensor(parameters={"binary_data_size": 9})]}, "inputs.0.data"),
    ],
)
def test_a_request_that_does_not_fit_says_where(client, body, said):
    if "binary_data_size" in json.dumps(body):
        body["inputs"][0]["data"] = None
    status, error = failure_of(client.post(INFER, json=body))
    assert status == 422
    assert said in error
    assert "zanzibar" not in error


def element(text):
    return struct.pack("<I", len(text)) + text


@pytest.mark.parametrize(
    ("size", "content", "status"),
    [
        (8, element(b"late"), 200),
        (9, element(b"late"), 422),
        (7, element(b"late"), 422),
        (6, struct.pack("<I", 4) + b"la", 422),
        (3, b"\1\0\0", 422),
        (-1, element(b"late"), 422),
        ("8", element(b"late"), 422),
        (None, element(b"late"), 422),
        (0, b"", 422),
    ],
)
def test_binary_texts_must_be_what_the_sizes_say(client, size, content, status):
    said = json.dumps({"inputs": [tensor(data=None, parameters={"binary_data_size": size})]})
    answer = client.post(
        INFER, content=said.encode() + content, headers={HEADER: str(len(said.encode()))}
    )
    assert answer.status_code == status, answer.text


@pytest.mark.parametrize("length", ["-1", "x", "9" * 30, "\u0663", "1000000"])
def test_the_length_of_the_document_must_be_one(client, length):
    answer = client.post(INFER, content=b"{}", headers={HEADER: length.encode()})
    status, error = failure_of(answer)
    assert (status, HEADER in error) == (422, True)

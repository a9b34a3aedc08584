"""The challenger: copies of predictions, and a share of the requests, at no request's cost."""

import threading
import time
import uuid

import numpy as np
import pytest
from sqlalchemy import create_engine, select

from inference.store.tables import PREDICTIONS, SHADOW_PREDICTIONS

SOURCE = "models:/tweet-sentiment@champion"
SAME = ("same", "different")
REFUSED = "x" * 10_001
TEXTS = ["late again", "lovely crew", "lost bag", "happy, thank you", "which gate"]


@pytest.fixture
def serve_two(serve_app, shelf, monkeypatch, until):
    """The API with a champion and a challenger, which both are asked to the share of 1."""
    monkeypatch.setattr("inference.app.MlflowRegistry", lambda _: shelf)
    shelf.challenger = "2"

    def serve(mode, *, state="up-to-date", **overrides):
        settings = {"challenger_mode": mode, "challenger_share": 1.0} | overrides
        serving = serve_app(model_source=SOURCE, model_poll_seconds=3600, **settings)

        class Both:
            def __enter__(self):
                client = serving.__enter__()
                until(lambda: challenger(client)["state"] == state, f"the challenger is {state}")
                return client

            def __exit__(self, *error):
                return serving.__exit__(*error)

        return Both()

    return serve


def challenger(client):
    return client.get("/v1/model").json()["challenger"]


def predict(client, text="late again", **options):
    answer = client.post("/v1/predict", json={"text": text, **options})
    assert answer.status_code == 200, answer.text
    return answer.json()


def figures(client):
    lines = client.get("/metrics").text.splitlines()
    return dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))


def figure(client, name):
    return float(figures(client).get(name, 0))


def compared(client):
    names = [f'radar_challenger_comparisons_total{{agreement="{kind}"' for kind in SAME]
    found = figures(client)
    return [
        sum(float(value) for line, value in found.items() if line.startswith(name))
        for name in names
    ]


def rows(tmp_path, table):
    engine = create_engine(f"sqlite:///{tmp_path / 'store.db'}")
    with engine.connect() as connection:
        found = [dict(row) for row in connection.execute(select(table)).mappings()]
    engine.dispose()
    return found


def test_off_nothing_is_followed_or_said(serve_app, shelf, monkeypatch):
    monkeypatch.setattr("inference.app.MlflowRegistry", lambda _: shelf)
    shelf.challenger = "2"
    with serve_app(model_source=SOURCE) as client:
        assert challenger(client) is None
        predict(client)
        assert shelf.downloads == ["1"]


def test_copies_are_kept_beside_the_predictions_and_counted(serve_two, tmp_path, until):
    with serve_two("shadow") as client:
        assert challenger(client) == {
            "mode": "shadow",
            "share": 1.0,
            "state": "up-to-date",
            "last_error": None,
            "name": "tweet-sentiment",
            "version": "2",
            "precision": "fp32",
        }
        one = predict(client)
        assert one["model_version"] == "1"
        until(lambda: sum(compared(client)) == 1, "the copy of one")
        several = client.post("/v1/predict/batch", json={"texts": [*TEXTS, REFUSED]}).json()
        assert several["model_version"] == "1"
        until(lambda: sum(compared(client)) == 6, "the copies of several")
        until(lambda: len(rows(tmp_path, SHADOW_PREDICTIONS)) == 6, "all are kept")
        info = 'radar_challenger_info{model_name="tweet-sentiment",model_version="2",'
        assert figure(client, info + 'precision="fp32"}') == 1
        for model in ("champion", "challenger"):
            assert figure(client, f'radar_contest_seconds_count{{model="{model}"}}') == 2
    kept = {row["id"]: row for row in rows(tmp_path, PREDICTIONS)}
    answered = [one, *(item["prediction"] for item in several["results"][:5])]
    assert {str(id_) for id_ in kept} == {item["id"] for item in answered}
    for row in rows(tmp_path, SHADOW_PREDICTIONS):
        prediction = kept[row["prediction_id"]]
        # Twice the strength: the same labels, and surer of them.
        assert (row["model_version"], row["label"]) == ("2", prediction["label"])
        assert row["confidence"] > max(prediction["probabilities"].values())
        assert 0 < row["seconds"] < 5
        assert 0 < row["champion_seconds"] < 5
    assert compared_offline(rows(tmp_path, SHADOW_PREDICTIONS), kept) == 6


def compared_offline(shadows, kept):
    return sum(row["label"] == kept[row["prediction_id"]]["label"] for row in shadows)


def test_a_share_of_the_requests_is_copied(serve_two, until):
    with serve_two("shadow", challenger_share=0.3) as client:
        for _ in range(200):
            predict(client)
        dropped = 'radar_shadow_dropped_total{reason="busy"}'
        until(lambda: sum(compared(client)) + figure(client, dropped) >= 30, "some", 10)
        assert sum(compared(client)) < 100


def test_a_slow_challenger_delays_no_answer(serve_two, monkeypatch, until):
    gate = threading.Event()

    def wait(bundle, batch):
        assert gate.wait(30)
        return np.full((len(batch), 3), 1 / 3, np.float32)

    monkeypatch.setattr("inference.prediction.shadow.LONGEST_SECONDS", 0.2)
    with serve_two("shadow") as client:
        hurt_challenger(client, wait)
        for _ in range(20):
            predict(client)  # one of two threads is stuck in a copy for as long as the gate is shut
        assert sum(compared(client)) == 0
        time.sleep(0.3)
        gate.set()
        dropped = 'radar_shadow_dropped_total{reason="busy"}'
        until(lambda: sum(compared(client)) + figure(client, dropped) == 20, "all are done")
        assert figure(client, dropped) > 0


def hurt_challenger(client, instead):
    """Have the challenger's bundle, and no other, answer by a function."""
    current = client.app.state.services.models._challenger.serving.current
    current.bundle.probabilities_of = lambda batch: instead(current.bundle, batch)


def broken(bundle, batch):
    raise RuntimeError("zanzibar")


def test_a_challenger_that_fails_costs_no_copied_request(serve_two, until):
    with serve_two("shadow") as client:
        hurt_challenger(client, broken)
        predict(client)
        failed = 'radar_challenger_failures_total{reason="model"}'
        until(lambda: figure(client, failed) == 1, "it is counted")
        assert sum(compared(client)) == 0


def test_a_copy_of_a_prediction_that_is_gone_is_dropped(serve_two, tmp_path, monkeypatch, until):
    from inference.prediction import shadow

    keep = shadow.Shadow._keep

    async def erase_first(self, *arguments):
        engine = create_engine(f"sqlite:///{tmp_path / 'store.db'}")
        with engine.begin() as connection:
            connection.execute(PREDICTIONS.delete())
        engine.dispose()
        await keep(self, *arguments)

    monkeypatch.setattr(shadow.Shadow, "_keep", erase_first)
    with serve_two("shadow") as client:
        predict(client)
        dropped = 'radar_shadow_dropped_total{reason="store"}'
        until(lambda: figure(client, dropped) == 1, "it is counted")
        assert rows(tmp_path, SHADOW_PREDICTIONS) == []


def test_a_canary_answers_and_its_rows_say_so(serve_two, tmp_path):
    with serve_two("canary") as client:
        one = predict(client, true_label="negative")
        assert one["model_version"] == "2"
        several = client.post("/v1/predict/batch", json={"texts": TEXTS}).json()
        versions = {item["prediction"]["model_version"] for item in several["results"]}
        assert versions == {several["model_version"]} == {"2"}
        assert figure(client, "radar_canary_requests_total") == 2
        assert client.get("/v1/model").json()["version"] == "1"
    kept = {str(row["id"]): row["model_version"] for row in rows(tmp_path, PREDICTIONS)}
    assert kept[one["id"]] == "2"
    assert set(kept.values()) == {"2"}
    assert rows(tmp_path, SHADOW_PREDICTIONS) == []


def test_one_model_answers_each_request(serve_two):
    with serve_two("canary", challenger_share=0.5) as client:
        seen = set()
        for _ in range(40):
            answer = client.post("/v1/predict/batch", json={"texts": TEXTS}).json()
            versions = {item["prediction"]["model_version"] for item in answer["results"]}
            assert versions == {answer["model_version"]}
            seen |= versions
        assert seen == {"1", "2"}


@pytest.mark.parametrize("way", ["raises", "nan", "hangs", "tokenizer"])
def test_where_a_canary_has_no_answer_the_champion_has(serve_two, way, until):
    gate = threading.Event()

    def hang(bundle, batch):
        assert gate.wait(30)
        return np.full((len(batch), 3), 1 / 3, np.float32)

    def nan(bundle, batch):
        return np.full((len(batch), 3), np.nan, np.float32)

    with serve_two("canary", request_timeout_seconds=2.0) as client:
        serving = client.app.state.services.models._challenger.serving
        if way == "tokenizer":
            serving.current.bundle.encoder = None
        else:
            hurt_challenger(client, {"raises": broken, "nan": nan, "hangs": hang}[way])
        assert predict(client)["model_version"] == "1"
        answer = client.post("/v1/predict/batch", json={"texts": [*TEXTS, REFUSED]}).json()
        assert answer["model_version"] == "1"
        assert [item["error"] is None for item in answer["results"]] == [True] * 5 + [False]
        reason = "late" if way == "hangs" else "model"
        failed = f'radar_challenger_failures_total{{reason="{reason}"}}'
        assert figure(client, failed) == (1 if way == "hangs" else 2)  # a late one has to rest
        assert figure(client, "radar_canary_requests_total") == 0
        gate.set()


def test_a_text_that_the_champion_refuses_too_is_no_failure_of_the_canary(serve_two):
    with serve_two("canary") as client:
        answer = client.post("/v1/predict", json={"text": REFUSED})
        assert (answer.status_code, answer.json()["type"]) == (422, "/problems/text-too-long")
        assert figure(client, 'radar_challenger_failures_total{reason="model"}') == 0


def test_a_challenger_with_other_labels_is_not_asked(serve_two, shelf, make_bundle, tmp_path):
    shelf.bundles["2"] = make_bundle(tmp_path / "other", labels=("good", "bad", "ugly"))
    with serve_two("canary", state="labels-differ") as client:
        assert predict(client)["model_version"] == "1"
        assert figure(client, 'radar_challenger_failures_total{reason="labels"}') == 1


def test_a_challenger_that_does_not_load_is_not_asked(serve_two, shelf):
    (shelf.bundles["2"] / "model.onnx").write_bytes(b"")
    with serve_two("canary", state="failing") as client:
        assert "'checksum'" in challenger(client)["last_error"]
        assert predict(client)["model_version"] == "1"
        assert figure(client, 'radar_challenger_failures_total{reason="not-loaded"}') == 1


@pytest.mark.parametrize(("version", "state"), [(None, "absent"), ("1", "same-model")])
def test_without_a_challenger_of_its_own_nothing_is_asked(serve_two, shelf, version, state):
    shelf.challenger = version
    with serve_two("canary", state=state) as client:
        assert predict(client)["model_version"] == "1"
        assert figure(client, 'radar_challenger_failures_total{reason="not-loaded"}') == 0


def test_a_reload_brings_the_challenger_too(serve_two, shelf):
    with serve_two("canary") as client:
        shelf.challenger = "3"
        answer = client.post("/v1/model/reload").json()
        assert (answer["version"], answer["challenger"]["version"]) == ("1", "3")
        assert predict(client)["model_version"] == "3"
        shelf.challenger = None
        answer = client.post("/v1/model/reload").json()
        assert (answer["challenger"]["version"], answer["challenger"]["state"]) == (None, "absent")
        assert predict(client)["model_version"] == "1"


def test_feedback_names_what_a_canary_answered(serve_two):
    with serve_two("canary") as client:
        verdict = {"prediction_id": predict(client)["id"], "verdict": "confirmed"}
        assert client.post("/v1/feedback", json=verdict).status_code == 200
        verdict["prediction_id"] = str(uuid.uuid4())
        assert client.post("/v1/feedback", json=verdict).status_code == 404

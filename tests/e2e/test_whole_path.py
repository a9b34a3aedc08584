"""From the sample to kept feedback, through real processes, on SQLite and on PostgreSQL."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

PRAISE = "Lovely crew, smooth flight and we landed early. Thank you so much, best airline ever!"
COMPLAINT = "Worst airline ever, five hours late and they lost my bag. Never again!"


def predict(api: Any, text: str) -> dict[str, Any]:
    answer = httpx.post(f"{api.url}/v1/predict", json={"text": text}, timeout=30)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def give_feedback(api: Any, **verdict: Any) -> dict[str, Any]:
    answer = httpx.post(f"{api.url}/v1/feedback", json=verdict, timeout=30)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def wait_for_version(api: Any, version: str, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while httpx.get(f"{api.url}/v1/model").json()["version"] != version:
        assert time.monotonic() < deadline, f"version {version} not served after {seconds} s"
        time.sleep(0.1)


def test_the_champion_is_served_and_verdicts_are_kept(system: Any, api: Any) -> None:
    model = httpx.get(f"{api.url}/v1/model").raise_for_status().json()
    assert model["version"] == system.champion()
    assert model["labels"] == ["negative", "neutral", "positive"]
    assert model["demonstration"] is True

    praise, complaint = predict(api, PRAISE), predict(api, COMPLAINT)
    assert (praise["label"], complaint["label"]) == ("positive", "negative")
    assert praise["id"] != complaint["id"]
    assert sum(praise["probabilities"].values()) == pytest.approx(1, abs=1e-5)

    answer = httpx.post(f"{api.url}/v1/predict/batch", json={"texts": [COMPLAINT, PRAISE, ""]})
    items = answer.raise_for_status().json()["results"]
    assert [item["index"] for item in items] == [0, 1, 2]
    batched = [item["prediction"]["probabilities"] for item in items]
    assert batched[0] == pytest.approx(complaint["probabilities"], abs=1e-5)
    assert batched[1] == pytest.approx(praise["probabilities"], abs=1e-5)

    verdict = {"prediction_id": complaint["id"], "verdict": "rejected"}
    first = give_feedback(api, **verdict, corrected_label="neutral")
    again = give_feedback(api, **verdict, corrected_label="neutral")
    changed = give_feedback(api, **verdict, corrected_label="positive")
    assert first == again  # a double click
    assert (first["revision"], changed["revision"]) == (1, 2)


def test_a_promotion_is_followed_without_failing_a_request(system: Any, api: Any) -> None:
    before = system.champion()
    after = next(version for version in system.versions() if version != before)
    answers: Counter[tuple[int, str]] = Counter()
    done = threading.Event()

    def ask() -> None:
        with httpx.Client(base_url=api.url, timeout=30) as client:
            while not done.is_set():
                answer = client.post("/v1/predict", json={"text": PRAISE})
                served = answer.json().get("model_version", answer.text)
                answers[answer.status_code, served] += 1

    askers = [threading.Thread(target=ask) for _ in range(2)]
    for asker in askers:
        asker.start()
    try:
        wait_until(lambda: answers[200, before] > 0)
        run = system.versions()[after]["run_id"]
        system.trainer("promote", "--run", run, "--force", "--reason", "to see it followed")
        assert system.champion() == after
        wait_for_version(api, after)
        wait_until(lambda: answers[200, after] > 20)
    finally:
        done.set()
        for asker in askers:
            asker.join()
    assert set(answers) == {(200, before), (200, after)}, answers
    api.check_alive()  # the same process


def test_the_api_outlives_mlflow_and_restarts_from_its_cache(
    system: Any, store: str, tmp_path: Path
) -> None:
    mlflow = system.start_mlflow()
    api = system.api(store, tmp_path, mlflow.url)
    try:
        api.start()
        version = predict(api, PRAISE)["model_version"]
        mlflow.kill()
        assert not mlflow.ready()
        time.sleep(2)  # four polls of the alias, all in vain
        assert predict(api, COMPLAINT)["model_version"] == version
        assert api.ready()
        api.stop()
        api.start()
        answer = predict(api, COMPLAINT)
        assert (answer["model_version"], answer["label"]) == (version, "negative")
    finally:
        api.stop()
        mlflow.stop()


def test_kill_9_loses_neither_prediction_nor_feedback(api: Any) -> None:
    predictions = [predict(api, f"{COMPLAINT} Day {day}.") for day in range(20)]
    api.kill()
    assert not api.ready()
    api.start()
    receipts = [
        give_feedback(api, prediction_id=item["id"], verdict="confirmed") for item in predictions
    ]
    api.kill()
    api.start()
    for item, receipt in zip(predictions, receipts, strict=True):
        kept = give_feedback(api, prediction_id=item["id"], verdict="confirmed")
        assert kept == receipt  # the first one still, not a new one
        assert kept["revision"] == 1


def test_without_a_model_the_api_says_so(
    system: Any, store: str, tmp_path: Path, free_port: Callable[[], int]
) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    api = system.api(store, tmp_path, nowhere)
    api.launch()
    try:
        wait_until(lambda: api.answers("/livez"))
        assert httpx.get(f"{api.url}/readyz").status_code == 503
        answer = httpx.post(f"{api.url}/v1/predict", json={"text": PRAISE})
        assert answer.status_code == 503
        assert answer.headers["content-type"].startswith("application/problem+json")
        assert answer.json()["type"].endswith("model-unavailable")
    finally:
        api.stop()


def wait_until(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"did not happen within {seconds} s"
        time.sleep(0.05)

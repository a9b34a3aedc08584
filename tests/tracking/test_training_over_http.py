"""Training against MLflow's real server, with artifacts that go through it."""

import subprocess
import sys
from pathlib import Path

import pytest

PREDICT = """
import sys
import mlflow, pandas as pd
model = mlflow.pyfunc.load_model("models:/over-http@champion")
print(model.predict(pd.DataFrame({"text": ["thank you, lovely crew"]}))["label"][0])
"""


def stored_by(request):
    if request.param == "sqlite":
        return {}
    return {"MLFLOW_BACKEND_STORE_URI": request.getfixturevalue("postgres_url")}


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def server(request, mlflow_server, monkeypatch, tmp_path):
    """URL of a server on either database."""
    url = mlflow_server(MLFLOW_ARTIFACTS_DESTINATION=str(tmp_path / "kept"), **stored_by(request))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", url)
    return url


@pytest.mark.e2e
def test_a_model_is_trained_registered_promoted_and_loaded_over_http(server, tmp_path):
    from trainer.data.loading import load_dataset
    from trainer.progress import NoProgress
    from trainer.recipes.spec import RecipeSpec
    from trainer.registry.bundles import bundle_directory
    from trainer.registry.challenge import challenge_with_best
    from trainer.registry.gate import Terms
    from trainer.tracking.store import tracking_session
    from trainer.training import train_version

    dataset, cleaning = load_dataset("sample", progress=NoProgress())
    with tracking_session() as client:
        trained = train_version(
            client,
            RecipeSpec.parse("naive-bayes"),
            dataset,
            cleaning,
            NoProgress(),
            seed=0,
            name="over-http",
            experiment="over-http",
        )
        done = challenge_with_best(client, "over-http", Terms(), force="whatever its calibration")
        assert done.serves
        assert done.version.run_id == trained.run_id

    (manifest,) = (tmp_path / "kept").rglob("manifest.json")  # uploaded, not written by the client
    with bundle_directory("models:/over-http@champion") as directory:
        assert (directory / "manifest.json").read_bytes() == manifest.read_bytes()

    loaded = subprocess.run(
        [sys.executable, "-c", PREDICT], capture_output=True, text=True, cwd=Path(tmp_path)
    )
    assert loaded.stdout.strip() == "positive", loaded.stderr

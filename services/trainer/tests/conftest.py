"""A real tracking store on SQLite, and the bundled sample as data."""

import shutil
import sys
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def empty_tracking_database(tmp_path_factory):
    """A SQLite file with MLflow's tables, which take seconds to make."""
    path = tmp_path_factory.mktemp("tracking") / "mlflow.db"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{path}")
        from trainer.tracking.store import tracking_session

        with tracking_session():
            pass
    return path


@pytest.fixture
def tracking(empty_tracking_database, tmp_path, monkeypatch):
    """A client of an empty store of the test's own, which commands use too."""
    path = tmp_path / "store" / "mlflow.db"
    path.parent.mkdir()
    shutil.copy(empty_tracking_database, path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{path}")
    from trainer.tracking.store import tracking_session

    with tracking_session() as client:
        yield client


@pytest.fixture(scope="session")
def sample():
    """The bundled sample: the data set, and what cleaning it found."""
    from trainer.data.loading import load_dataset
    from trainer.progress import NoProgress

    return load_dataset("sample", progress=NoProgress())


@pytest.fixture
def add_recipe(monkeypatch):
    """A function that adds a recipe under a name, for one test."""
    from trainer.recipes import RECIPES
    from trainer.recipes.base import Settings

    def add(name, fit):
        module = ModuleType(f"recipe_{name}")
        module.RECIPE = type(
            "Recipe",
            (),
            {"name": name, "summary": name, "settings": Settings, "fit": staticmethod(fit)},
        )
        monkeypatch.setitem(sys.modules, module.__name__, module)
        monkeypatch.setitem(RECIPES, name, module.__name__)

    return add

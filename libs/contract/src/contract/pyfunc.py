"""A bundle as an MLflow `python_function` model.

MLflow runs this file as the model's code (models-from-code), with `contract` as its code path; so
`mlflow models serve`, `mlflow.pyfunc.load_model` and `spark_udf` work without the services.
"""

import os
from typing import Any

import mlflow
import numpy as np
import pandas as pd

from contract.bundle import Bundle
from contract.parallel import ParallelScorer

TEXT_COLUMN = "text"
THREADS = "OMP_NUM_THREADS"
"""The variable by which Spark, and whoever else runs many of these side by side, says how many
threads each may have."""


class BundleModel(mlflow.pyfunc.PythonModel):  # type: ignore[misc]
    """Predicts a table of texts; columns `label`, `uncertain`, `truncated` and `p_<label>`."""

    def load_context(self, context: Any) -> None:
        """Open and verify the bundle that the model version carries."""
        self.bundle = Bundle.open(context.artifacts["bundle"])
        self.scorer = ParallelScorer(self.bundle, _threads())

    def predict(
        self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        """One row out for each row in.

        Raises:
            ValueError: there is no column `text`, or a row of it holds no text.
            TextRefusedError: a text is not valid Unicode.
        """
        if TEXT_COLUMN not in model_input.columns:
            raise ValueError(f"the input needs a column {TEXT_COLUMN!r} of texts")
        texts = list(model_input[TEXT_COLUMN])
        for row, text in enumerate(texts):
            if not isinstance(text, str):  # a missing value would read as the text "nan"
                raise ValueError(f"row {row} of column {TEXT_COLUMN!r} holds no text")
        scores = self.scorer.score(texts)
        manifest = self.bundle.manifest
        best = scores.probabilities.argmax(axis=1)
        columns: dict[str, Any] = {
            "label": np.asarray(manifest.labels, object)[best],
            "uncertain": scores.probabilities.max(axis=1, initial=0.0) < manifest.abstain_threshold,
            "truncated": scores.truncated,
        }
        for place, label in enumerate(manifest.labels):
            columns[f"p_{label}"] = scores.probabilities[:, place].astype(np.float64)
        return pd.DataFrame(columns, index=model_input.index)


def _threads() -> int:
    given = os.environ.get(THREADS, "")
    if given.isdecimal() and int(given):
        return int(given)
    affinity = getattr(os, "sched_getaffinity", None)  # not on every system
    return len(affinity(0)) if affinity else os.cpu_count() or 1


mlflow.models.set_model(BundleModel())

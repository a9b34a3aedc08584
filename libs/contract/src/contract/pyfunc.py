"""A bundle as an MLflow `python_function` model.

MLflow runs this file as the model's code (models-from-code), with `contract` as its code path; so
`mlflow models serve`, `mlflow.pyfunc.load_model` and `spark_udf` work without the services.
"""

from typing import Any

import mlflow
import pandas as pd

from contract.bundle import Bundle

TEXT_COLUMN = "text"


class BundleModel(mlflow.pyfunc.PythonModel):  # type: ignore[misc]
    """Predicts a table of texts; columns `label`, `uncertain`, `truncated` and `p_<label>`."""

    def load_context(self, context: Any) -> None:
        """Open and verify the bundle that the model version carries."""
        self.bundle = Bundle.open(context.artifacts["bundle"])

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
        predictions = self.bundle.predict(texts)
        columns: dict[str, list[Any]] = {
            "label": [item.label for item in predictions],
            "uncertain": [item.uncertain for item in predictions],
            "truncated": [item.truncated for item in predictions],
        }
        for label in self.bundle.manifest.labels:
            columns[f"p_{label}"] = [item.probabilities[label] for item in predictions]
        return pd.DataFrame(columns, index=model_input.index)


mlflow.models.set_model(BundleModel())

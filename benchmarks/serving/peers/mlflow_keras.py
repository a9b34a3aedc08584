"""The Keras model as an MLflow model from code, since the Keras flavour reads ids, not tweets."""

from typing import Any

import mlflow
import pandas as pd


class KerasModel(mlflow.pyfunc.PythonModel):
    """Predicts a table with the column `text`; columns `label` and `p_<label>`."""

    def load_context(self, context: Any) -> None:
        """Load the model that the version carries."""
        from keras_text import KerasText  # MLflow runs this file also where it is only logged

        paths = context.artifacts
        self.model = KerasText(paths["keras"], paths["bundle"], "predict")

    def predict(
        self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        """One row out for each row in."""
        answers = self.model(list(model_input["text"]))
        return pd.DataFrame(
            [
                {
                    "label": answer["label"],
                    **{f"p_{name}": share for name, share in answer["probabilities"].items()},
                }
                for answer in answers
            ]
        )


mlflow.models.set_model(KerasModel())

"""Every training run in MLflow, logged the same way."""

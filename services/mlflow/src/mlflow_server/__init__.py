"""The tracking server and model registry: MLflow, configured by the environment."""

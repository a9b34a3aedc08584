"""The sentiment API: verified bundles served over HTTP, predictions and feedback kept."""

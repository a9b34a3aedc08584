"""From a fitted model to a verified bundle on disk."""

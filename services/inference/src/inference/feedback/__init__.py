"""Verdicts of people on predictions."""

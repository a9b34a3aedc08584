"""Drift: whether what is asked, and what is answered, is still what it was."""

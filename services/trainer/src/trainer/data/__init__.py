"""Labelled tweets: reading, cleaning, splitting, describing."""

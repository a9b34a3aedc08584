"""Explaining what a model says of a tweet by the words that it has."""

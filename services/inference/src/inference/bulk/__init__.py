"""Scoring files of tweets, on this machine or on a Ray cluster."""

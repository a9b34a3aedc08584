"""Seeing a surge in counts: a seasonal baseline, charts for now, bursts for the past, drivers.

Pure functions of arrays: no clock, no store, no model.
"""

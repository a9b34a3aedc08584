"""Answering tweets: encode, run the graph, label, keep."""

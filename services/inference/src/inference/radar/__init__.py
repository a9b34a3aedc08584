"""The radar: mentions counted as they come, and the surges of negative ones among them."""

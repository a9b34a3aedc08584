"""Which texts are computed next, by which thread, and how many may wait."""

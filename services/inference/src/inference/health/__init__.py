"""Whether the process lives and can answer, and what it counts."""

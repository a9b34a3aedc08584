"""Which version of a model serves, and why."""

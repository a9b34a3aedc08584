"""Which model serves: found, verified, cached, followed."""

"""Every recipe on equal terms: the same rows, several seeds, one report."""

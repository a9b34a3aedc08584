"""The command `radar`."""

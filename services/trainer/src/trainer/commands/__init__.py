"""The commands of `trainer`; what takes long to import is imported when a command runs."""

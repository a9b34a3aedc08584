"""What is kept of a text, for how long, and how it is erased."""

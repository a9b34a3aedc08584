"""Rules that the templates and workflows keep; each says, one line each, what breaks it."""

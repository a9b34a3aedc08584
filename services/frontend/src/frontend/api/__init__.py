"""The sentiment API as the page uses it: over HTTP, with typed answers and named failures."""

"""The API as clients of other servers know it."""

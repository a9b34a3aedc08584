"""Who may ask for what: hashed keys with scopes, expiry and rate limits."""

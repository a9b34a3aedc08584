"""From labelled tweets to a verified model bundle in the registry."""

"""A folder whose files become training data by themselves."""

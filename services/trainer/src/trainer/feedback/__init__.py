"""What people said of predictions, as training data."""

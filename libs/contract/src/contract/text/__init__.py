"""Named, versioned text steps, applied identically in training and in serving."""

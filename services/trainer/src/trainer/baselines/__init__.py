"""Ready-made cloud sentiment services, scored on the same test rows as the models."""

"""Finding good settings of a recipe."""

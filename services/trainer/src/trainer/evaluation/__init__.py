"""How good a model is: figures with their intervals, plots, and scoring of any bundle."""

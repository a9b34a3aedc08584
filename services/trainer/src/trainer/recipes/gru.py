"""A GRU over word vectors."""

from trainer.recipes.recurrent import recurrent

RECIPE = recurrent("gru", "GRU over word vectors", cell="GRU", both=False)

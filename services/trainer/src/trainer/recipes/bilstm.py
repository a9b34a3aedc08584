"""A bidirectional LSTM over word vectors."""

from trainer.recipes.recurrent import recurrent

RECIPE = recurrent("bilstm", "bidirectional LSTM over word vectors", cell="LSTM", both=True)

"""An LSTM over word vectors."""

from trainer.recipes.recurrent import recurrent

RECIPE = recurrent("lstm", "LSTM over word vectors", cell="LSTM", both=False)

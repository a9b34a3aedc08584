"""What the peers that serve the Keras model share: raw tweets in, labels and probabilities out.

Text steps, tokenizer and truncation are those of the bundle that was made of the same weights, so
that the peers differ from each other, and from it, in how they compute and serve alone.
"""

import threading
from pathlib import Path
from typing import Any, Literal

import numpy as np

from contract.bundle import open_encoder
from contract.calibration import softmax
from contract.encoding import pad
from contract.manifest import Manifest


class KerasText:
    """A Keras model of token ids with the text path of a bundle."""

    def __init__(self, model: str, bundle: str, way: Literal["predict", "function"]) -> None:
        """Load the model.

        Args:
            model: a `.keras` file.
            bundle: a bundle's folder; its tokenizer and manifest are read.
            way: `predict` calls Keras' `model.predict`; `function` one `tf.function` of the model,
                traced once for every shape.
        """
        import keras_hub  # noqa: F401 - registers the layers that the file names
        import tensorflow as tf
        from keras import saving

        self.manifest = Manifest.read(Path(bundle))
        self._encoder = open_encoder(self.manifest, Path(bundle))
        network = saving.load_model(model, compile=False)
        if way == "predict":
            # Else Keras has XLA compile it anew for every length, for seconds each.
            network.jit_compile = False
            # It keeps a state while it runs, so calls of several threads must not overlap.
            lock = threading.Lock()

            def logits(ids: np.ndarray) -> np.ndarray:
                with lock:
                    return network.predict(ids, verbose=0)

        else:
            signature = [tf.TensorSpec((None, None), tf.int64)]
            function = tf.function(
                lambda ids: network(ids, training=False), input_signature=signature, autograph=False
            )

            def logits(ids: np.ndarray) -> np.ndarray:
                return function(ids).numpy()

        self._logits = logits
        self(["Warm up, please."])

    def __call__(self, texts: list[str]) -> list[dict[str, Any]]:
        """The label and the probabilities of each text, padded to the longest of them."""
        ids = pad(self._encoder.encode(texts), self._encoder.pad_id)["token_ids"]
        rows = softmax(self._logits(ids), self.manifest.temperature)
        labels = self.manifest.labels
        return [
            {
                "label": labels[int(row.argmax())],
                "probabilities": dict(zip(labels, row.tolist(), strict=True)),
            }
            for row in rows
        ]

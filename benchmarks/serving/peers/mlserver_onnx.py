"""MLServer's runtime around the int8 graph of a bundle; adaptive batching is set from outside.

Environment: `BUNDLE`, `THREADS` within one call, and MLServer's own variables.
"""

import asyncio
import os

import numpy as np
from mlserver import MLModel
from mlserver.codecs import NumpyCodec, StringCodec
from mlserver.types import InferenceRequest, InferenceResponse

from contract.bundle import Bundle


class Sentiment(MLModel):
    """Tweets in, probabilities out, in the Open Inference Protocol."""

    async def load(self) -> bool:
        """Open the bundle."""
        threads = int(os.environ["THREADS"])
        self.bundle = Bundle.open(os.environ["BUNDLE"], precision="int8", threads=threads)
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        """Probabilities `[texts, labels]` of all texts of a batch."""
        texts = [text for item in payload.inputs for text in StringCodec.decode_input(item)]
        # In a thread, so that the next batch forms meanwhile.
        probabilities = await asyncio.to_thread(self.bundle.probabilities, texts)
        output = NumpyCodec.encode_output("probabilities", probabilities.astype(np.float32))
        return InferenceResponse(model_name=self.name, outputs=[output])

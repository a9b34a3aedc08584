"""LitServe around the int8 graph of a bundle, with its batching.

Environment: `BUNDLE`, `PORT`, and the settings that are tried: `WORKERS` (processes that compute),
`THREADS` (of each within one call), `API_SERVERS`, `BATCH`, `BATCH_SECONDS` and `FAST_QUEUE`.
"""

import os
from typing import Any

import litserve

from contract.bundle import Bundle, Prediction

BATCH = int(os.environ["BATCH"])


class Sentiment(litserve.LitAPI):
    """Tweets in, labels and probabilities out."""

    def setup(self, device: str) -> None:
        """Open the bundle, once in each worker."""
        threads = int(os.environ["THREADS"])
        self.bundle = Bundle.open(os.environ["BUNDLE"], precision="int8", threads=threads)

    def decode_request(self, request: dict[str, Any]) -> str:
        """The tweet of a request."""
        return request["text"]

    def batch(self, inputs: list[str]) -> list[str]:
        """What `predict` gets of a batch."""
        return inputs

    def predict(self, x: Any) -> Any:
        """A batch's predictions in length-sorted batches; one where LitServe batches nothing."""
        return self.bundle.predict([x])[0] if BATCH == 1 else self.bundle.predict(x)

    def unbatch(self, output: list[Prediction]) -> list[Prediction]:
        """One for each request."""
        return output

    def encode_response(self, output: Prediction) -> dict[str, Any]:
        """The answer to a request."""
        return {"label": output.label, "probabilities": output.probabilities}


if __name__ == "__main__":
    api = Sentiment(max_batch_size=BATCH, batch_timeout=float(os.environ["BATCH_SECONDS"]))
    server = litserve.LitServer(
        api,
        accelerator="cpu",
        workers_per_device=int(os.environ["WORKERS"]),
        fast_queue=os.environ["FAST_QUEUE"] == "1",
    )
    server.run(
        host="127.0.0.1",
        port=int(os.environ["PORT"]),
        num_api_servers=int(os.environ["API_SERVERS"]),
        log_level="warning",
        generate_client_file=False,
    )

"""A verified bundle: texts in, calibrated labels out."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from weakref import WeakValueDictionary

import numpy as np

from contract.calibration import Probabilities, softmax
from contract.encoding import Encoded, Encoder, TokenEncoder, length_sorted_batches, pad
from contract.errors import BundleError
from contract.features import FeatureEncoder, FeatureSpec
from contract.goldens import GOLDEN_SET, GOLDEN_TEXTS, check_goldens
from contract.graph import Graph
from contract.manifest import FEATURES, MODEL_FILES, TOKENIZER, Manifest, Precision, sha256_of
from contract.text.pipeline import TextSteps

TOKEN_BUDGET = 2_048
"""Ids in one padded batch: near the best tweets/s on CPUs measured, with small memory."""
ENCODING_FIELDS = {"text_steps", "pad_id", "unknown_id", "max_length"}
"""What a token encoder depends on, apart from its file."""

_token_encoders: WeakValueDictionary[tuple[str, str], TokenEncoder] = WeakValueDictionary()


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a model says of one text."""

    label: str
    probabilities: dict[str, float]
    uncertain: bool
    truncated: bool
    token_count: int


def open_encoder(manifest: Manifest, directory: Path) -> Encoder:
    """The encoder that a bundle's files describe.

    One that is in use already is shared: versions of a model mostly have the same tokenizer, and
    reading that of a BERT holds Python's lock, hence every other thread, for some 30 ms.

    Raises:
        BundleError: the tokenizer or features file cannot be used; the check says which.
    """
    steps = TextSteps(manifest.text_steps)
    if manifest.encoder == "features":
        spec = FeatureSpec.from_file(directory / FEATURES)
        return FeatureEncoder(spec, steps, max_length=manifest.max_length)
    if manifest.unknown_id is None:
        raise BundleError("manifest", "a token model needs unknown_id")
    try:
        path = directory / TOKENIZER
        key = sha256_of(path), manifest.model_dump_json(include=ENCODING_FIELDS)
        encoder = _token_encoders.get(key)
        if encoder is None:
            encoder = _token_encoders[key] = TokenEncoder.from_file(
                path,
                steps,
                pad_id=manifest.pad_id,
                unknown_id=manifest.unknown_id,
                max_length=manifest.max_length,
            )
    except Exception as error:  # tokenizers raises bare Exception for a file it cannot parse
        raise BundleError("tokenizer", f"{TOKENIZER} cannot be read: {error}") from error
    return encoder


class Bundle:
    """A model ready to answer: encoder, graph and labels of one bundle directory."""

    def __init__(
        self, manifest: Manifest, encoder: Encoder, graph: Graph, precision: Precision
    ) -> None:
        self.manifest = manifest
        self.encoder = encoder
        self.graph = graph
        self.precision: Precision = precision

    @classmethod
    def open(
        cls, directory: Path | str, *, precision: Precision = "fp32", threads: int = 1
    ) -> Self:
        """Open a bundle and prove that it is whole and answers as it did when it was made.

        Args:
            directory: the bundle.
            precision: which of its graphs to run.
            threads: threads within one call of the graph.

        Raises:
            BundleError: a file is missing or changed, a text step is unknown, the graph does not
                fit the labels, or a golden output does not reproduce; `check` says which.
        """
        directory = Path(directory)
        manifest = Manifest.read(directory)
        manifest.verify_files(directory)
        if MODEL_FILES[precision] not in manifest.files:
            raise BundleError("files", f"the bundle has no {precision} graph")
        encoder = open_encoder(manifest, directory)
        graph = Graph(
            directory / MODEL_FILES[precision],
            label_count=len(manifest.labels),
            uses_weights=manifest.encoder == "features",
            threads=threads,
        )
        bundle = cls(manifest, encoder, graph, precision)
        bundle.verify_goldens()
        return bundle

    def verify_goldens(self) -> None:
        """Repeat the golden texts on this processor.

        Raises:
            BundleError: (`goldens`) an output does not reproduce.
        """
        if self.manifest.golden_set != GOLDEN_SET:
            raise BundleError(
                "goldens",
                f"made for golden set {self.manifest.golden_set}, this reader has {GOLDEN_SET}",
            )
        check_goldens(
            self.manifest.goldens[self.precision],
            self.encoder.encode(GOLDEN_TEXTS),
            self.probabilities_of,
            self.precision,
        )

    def probabilities_of(self, batch: Sequence[Encoded]) -> Probabilities:
        """Calibrated probabilities `[batch, labels]` of encoded texts, run as one batch."""
        logits = self.graph(pad(batch, self.encoder.pad_id))
        return softmax(logits, self.manifest.temperature)

    def probabilities(
        self, texts: Sequence[str], *, token_budget: int = TOKEN_BUDGET
    ) -> Probabilities:
        """Calibrated probabilities `[texts, labels]`, in length-sorted batches.

        Raises:
            TextRefusedError: a text is not valid Unicode.
        """
        return self._in_batches(self.encoder.encode(texts), token_budget)

    def predict(
        self, texts: Sequence[str], *, token_budget: int = TOKEN_BUDGET
    ) -> list[Prediction]:
        """Label every text, in order.

        Raises:
            TextRefusedError: a text is not valid Unicode.
        """
        encoded = self.encoder.encode(texts)
        probabilities = self._in_batches(encoded, token_budget)
        return [self.answer(item, row) for item, row in zip(encoded, probabilities, strict=True)]

    def answer(self, encoded: Encoded, probabilities: Probabilities) -> Prediction:
        """The label of one text from its probabilities `[labels]`."""
        shares: list[float] = probabilities.tolist()
        most = max(shares)
        return Prediction(
            label=self.manifest.labels[shares.index(most)],
            probabilities=dict(zip(self.manifest.labels, shares, strict=True)),
            uncertain=most < self.manifest.abstain_threshold,
            truncated=encoded.truncated,
            token_count=int(encoded.ids.size),
        )

    def _in_batches(self, encoded: Sequence[Encoded], token_budget: int) -> Probabilities:
        result = np.empty((len(encoded), len(self.manifest.labels)), np.float32)
        for indices in length_sorted_batches([item.ids.size for item in encoded], token_budget):
            result[indices] = self.probabilities_of([encoded[index] for index in indices])
        return result

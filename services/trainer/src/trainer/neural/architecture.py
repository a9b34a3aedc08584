"""The families of encoders that can be read: their `config.json`, and Keras layers for it.

KerasHub has the layers. Its own converters are not used, since they take one spelling of the names
of the weights, ignore the activation and the norms' epsilon that a configuration asks for, and do
not know CamemBERT.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from trainer.errors import TrainerError
from trainer.neural.backend import load_keras

ROBERTA_TYPES = ("roberta", "camembert", "xlm-roberta")
MODEL_TYPES = ("bert", "distilbert", *ROBERTA_TYPES)
"""Values of `model_type` in `config.json`; CamemBERT and XLM-RoBERTa are RoBERTa by other names."""

ACTIVATIONS = {"gelu": False, "gelu_new": True, "gelu_pytorch_tanh": True}
"""Whether the GELU of that name is the approximate one, by tanh."""


@dataclass(frozen=True)
class Architecture:
    """An encoder without its weights.

    Attributes:
        model_type: one of `MODEL_TYPES`.
        vocabulary: number of token ids.
        layers: number of transformer blocks.
        heads: attention heads of a block.
        width: features of a token.
        inner: features inside a block.
        positions: the most ids of a text.
        segments: kinds of segment; BERT only.
        pad_id: id of the padding token.
        first_position: row of the position table that belongs to a text's first id: after the
            padding's own in RoBERTa.
        activation: one of `ACTIVATIONS`.
        epsilon: what a layer norm adds to the variance.
        dropout: share of features dropped while the encoder is trained.
    """

    model_type: str
    vocabulary: int
    layers: int
    heads: int
    width: int
    inner: int
    positions: int
    segments: int
    pad_id: int
    first_position: int
    activation: str
    epsilon: float
    dropout: float

    @classmethod
    def read(cls, config: Mapping[str, Any], source: str) -> "Architecture":
        """Read a Hugging Face `config.json`; what it leaves out is as `transformers` has it.

        Args:
            config: its content.
            source: where it is from, for errors.

        Raises:
            TrainerError: another kind of model, or a field that is missing or of no use here.
        """
        kind = config.get("model_type")
        if kind not in MODEL_TYPES:
            raise TrainerError(
                f"{source} is of model type {kind!r}, which cannot be read: "
                f"give one of {', '.join(MODEL_TYPES)}"
            )
        if config.get("position_embedding_type", "absolute") != "absolute":
            raise TrainerError(f"{source} has relative positions, which cannot be read")
        short = kind == "distilbert"
        roberta = kind in ROBERTA_TYPES

        def number(name: str, default: int | None = None) -> int:
            value = config.get(name, default)
            if not isinstance(value, int) or value < 0:
                raise TrainerError(f"{source}: {name} is {value!r}, not a number")
            return value

        pad_id = number("pad_token_id", int(roberta))
        first = pad_id + 1 if roberta else 0
        activation = config.get("activation" if short else "hidden_act", "gelu")
        if activation not in ACTIVATIONS:
            raise TrainerError(f"{source} has the activation {activation!r}, which cannot be read")
        width, heads = (
            number(name)
            for name in (("dim", "n_heads") if short else ("hidden_size", "num_attention_heads"))
        )
        if not heads or width % heads:
            raise TrainerError(f"{source}: a width of {width} is not cut by {heads} heads")
        return cls(
            model_type=kind,
            vocabulary=number("vocab_size"),
            layers=number("n_layers" if short else "num_hidden_layers"),
            heads=heads,
            width=width,
            inner=number("hidden_dim" if short else "intermediate_size"),
            positions=number("max_position_embeddings", 512) - first,
            segments=number("type_vocab_size", 2),
            pad_id=pad_id,
            first_position=first,
            activation=activation,
            epsilon=float(config.get("layer_norm_eps", 1e-12)),
            dropout=float(config.get("dropout" if short else "hidden_dropout_prob", 0.1)),
        )

    def build(self, dtype: str) -> Any:
        """The KerasHub backbone with random weights.

        Args:
            dtype: a Keras dtype policy, such as `float32` or `mixed_bfloat16`.
        """
        keras = load_keras()
        from keras_hub import models

        sizes: dict[str, Any] = {
            "vocabulary_size": self.vocabulary,
            "num_layers": self.layers,
            "num_heads": self.heads,
            "hidden_dim": self.width,
            "intermediate_dim": self.inner,
            "max_sequence_length": self.positions,
            "dropout": self.dropout,
            "dtype": dtype,
        }
        if self.model_type == "bert":
            backbone = models.BertBackbone(num_segments=self.segments, **sizes)
        elif self.model_type == "distilbert":
            backbone = models.DistilBertBackbone(**sizes)
        else:
            backbone = models.RobertaBackbone(**sizes)
        # KerasHub fixes both by family; published weights of one family differ in them.
        for layer in backbone._flatten_layers():
            if isinstance(layer, keras.layers.LayerNormalization):
                layer.epsilon = self.epsilon
            elif layer.name == "feedforward_intermediate_dense":
                approximate = ACTIVATIONS[self.activation]
                layer.activation = gelu_approximate if approximate else gelu
        return backbone


def gelu(states: Any) -> Any:
    """The exact GELU; the export tells the two by their names."""
    return load_keras().activations.gelu(states, approximate=False)


def gelu_approximate(states: Any) -> Any:
    """The GELU by tanh."""
    return load_keras().activations.gelu(states, approximate=True)

"""Encoders of every family read from disk, against the published formulas in NumPy."""

import json

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from scipy.special import erf

from trainer.errors import TrainerError
from trainer.neural.encoder import load_backbone
from trainer.neural.weights import open_pretrained

pytestmark = pytest.mark.slow

BERT = {
    "layer": "encoder.layer",
    "parts": ("attention.self.query", "attention.self.key", "attention.self.value"),
    "attention": "attention.output.dense",
    "first norm": "attention.output.LayerNorm",
    "inner": "intermediate.dense",
    "outer": "output.dense",
    "last norm": "output.LayerNorm",
}
DISTILBERT = {
    "layer": "transformer.layer",
    "parts": ("attention.q_lin", "attention.k_lin", "attention.v_lin"),
    "attention": "attention.out_lin",
    "first norm": "sa_layer_norm",
    "inner": "ffn.lin1",
    "outer": "ffn.lin2",
    "last norm": "output_layer_norm",
}


def gelu(x):
    return x * (1 + erf(x / np.sqrt(2))) / 2


def gelu_by_tanh(x):
    return x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))) / 2


def published(directory, ids, prefix=""):
    """The states after every layer `[length, width]` of one text without padding.

    Devlin et al., 2018; RoBERTa counts positions from the row after the padding's
    (`create_position_ids_from_input_ids` of `transformers`).
    """
    config = json.loads((directory / "config.json").read_text())
    weights = load_file(directory / "model.safetensors")
    names = DISTILBERT if config["model_type"] == "distilbert" else BERT
    exact = (config.get("hidden_act") or config["activation"]) == "gelu"
    activation = gelu if exact else gelu_by_tanh

    def get(name):
        return weights[prefix + name].astype(np.float64)

    def dense(x, name):
        return x @ get(f"{name}.weight").T + get(f"{name}.bias")

    def norm(x, name):
        centred = x - x.mean(-1, keepdims=True)
        variance = x.var(-1, keepdims=True) + config.get("layer_norm_eps", 1e-12)
        return centred / np.sqrt(variance) * get(f"{name}.weight") + get(f"{name}.bias")

    first = config["pad_token_id"] + 1 if config["pad_token_id"] else 0
    x = get("embeddings.word_embeddings.weight")[ids]
    x = x + get("embeddings.position_embeddings.weight")[first : first + len(ids)]
    if "type_vocab_size" in config:
        x = x + get("embeddings.token_type_embeddings.weight")[0]
    x = norm(x, "embeddings.LayerNorm")
    heads = config.get("num_attention_heads") or config["n_heads"]
    states = []
    for index in range(config.get("num_hidden_layers") or config["n_layers"]):
        layer = f"{names['layer']}.{index}"
        query, key, value = (
            np.stack(np.split(dense(x, f"{layer}.{part}"), heads, axis=-1))
            for part in names["parts"]
        )
        scores = query @ key.transpose(0, 2, 1) / np.sqrt(query.shape[-1])
        shares = np.exp(scores - scores.max(-1, keepdims=True))
        shares /= shares.sum(-1, keepdims=True)
        mixed = np.concatenate(list(shares @ value), axis=-1)
        x = norm(
            x + dense(mixed, f"{layer}.{names['attention']}"), f"{layer}.{names['first norm']}"
        )
        inner = activation(dense(x, f"{layer}.{names['inner']}"))
        x = norm(x + dense(inner, f"{layer}.{names['outer']}"), f"{layer}.{names['last norm']}")
        states.append(x)
    return states


def read_states(directory, ids, padding=0):
    """The states after every layer as this trainer computes them, where padding follows."""
    from trainer.neural.backend import load_keras

    keras = load_keras()
    pretrained = open_pretrained(str(directory))
    backbone = load_backbone(pretrained, "float32")
    padded = np.array([[*ids, *[pretrained.pad_id] * padding]])
    inputs = {"token_ids": padded, "padding_mask": (padded != pretrained.pad_id).astype(int)}
    if "segment_ids" in {tensor.name for tensor in backbone.inputs}:
        inputs["segment_ids"] = np.zeros_like(padded)
    layers = [layer.output for layer in backbone.transformer_layers]
    states = keras.Model(backbone.input, layers)(inputs)
    return [state.numpy()[0, : len(ids)] for state in states]


IDS = [4, 9, 17, 5, 30, 11, 6]


@pytest.mark.parametrize(
    ("family", "prefix", "changes"),
    [
        ("bert", "", {}),
        ("bert", "bert.", {"hidden_act": "gelu_new", "layer_norm_eps": 0.1}),
        ("distilbert", "", {}),
        ("distilbert", "distilbert.", {"activation": "gelu_pytorch_tanh"}),
        ("roberta", "", {}),
        ("roberta", "roberta.", {"layer_norm_eps": 0.1}),
        ("camembert", "roberta.", {}),
        ("xlm-roberta", "model.", {}),
    ],
)
def test_states_are_those_of_the_published_formulas(
    write_encoder, tmp_path, family, prefix, changes
):
    directory = write_encoder(tmp_path / "encoder", family, prefix, **changes)
    expected = published(directory, IDS, prefix)
    for actual, states in zip(read_states(directory, IDS, padding=5), expected, strict=True):
        np.testing.assert_allclose(actual, states, atol=2e-5)


def rewritten(directory, change):
    weights = change(load_file(directory / "model.safetensors"))
    save_file(weights, directory / "model.safetensors")


def test_old_names_of_norms_and_a_missing_pooler_are_read(write_encoder, tmp_path):
    directory = write_encoder(tmp_path / "encoder", "bert")
    expected = published(directory, IDS)

    def old(weights):
        return {
            name.replace("LayerNorm.weight", "LayerNorm.gamma").replace(
                "LayerNorm.bias", "LayerNorm.beta"
            ): value
            for name, value in weights.items()
            if not name.startswith("pooler")
        }

    rewritten(directory, old)
    np.testing.assert_allclose(read_states(directory, IDS)[-1], expected[-1], atol=2e-5)


def test_shards_and_half_precision_are_read(write_encoder, tmp_path):
    directory = write_encoder(tmp_path / "encoder", "distilbert")
    rewritten(directory, lambda weights: {n: v.astype(np.float16) for n, v in weights.items()})
    expected = published(directory, IDS)
    names = sorted(weights := load_file(directory / "model.safetensors"))
    placed = {name: f"part-{index % 2}.safetensors" for index, name in enumerate(names)}
    for part in set(placed.values()):
        save_file({n: weights[n] for n in names if placed[n] == part}, directory / part)
    (directory / "model.safetensors.index.json").write_text(json.dumps({"weight_map": placed}))
    (directory / "model.safetensors").unlink()
    np.testing.assert_allclose(read_states(directory, IDS)[-1], expected[-1], atol=2e-5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda weights: dict(list(weights.items())[1:]), "tensor"),
        (lambda weights: {**weights, ANCHOR: weights[ANCHOR][1:]}, "its config.json asks for"),
        (lambda weights: {f"generator.{n}": v for n, v in weights.items()} | weights, "holds 2"),
        (lambda weights: {"classifier": weights[ANCHOR]}, "holds 0 tensors"),
    ],
    ids=["missing", "another shape", "two encoders", "none"],
)
def test_weights_that_do_not_fit_are_one_line(write_encoder, tmp_path, change, message):
    directory = write_encoder(tmp_path / "encoder", "bert")
    rewritten(directory, change)
    with pytest.raises(TrainerError, match=message) as refusal:
        load_backbone(open_pretrained(str(directory)), "float32")
    assert "\n" not in str(refusal.value)


ANCHOR = "embeddings.word_embeddings.weight"


def test_damaged_weights_are_named(write_encoder, tmp_path):
    directory = write_encoder(tmp_path / "encoder", "bert")
    (directory / "model.safetensors").write_bytes(b"x" * 100)
    with pytest.raises(TrainerError, match=r"model\.safetensors cannot be read"):
        load_backbone(open_pretrained(str(directory)), "float32")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model_type": "electra"}, r"model type 'electra', .* give one of bert, distilbert,"),
        ({"position_embedding_type": "relative_key"}, "relative positions"),
        ({"hidden_act": "swish"}, "the activation 'swish'"),
        ({"hidden_size": "wide"}, "hidden_size is 'wide'"),
        ({"num_attention_heads": 3}, "a width of 16 is not cut by 3 heads"),
        ({"vocab_size": 5}, "they are of different models"),
    ],
)
def test_configuration_that_cannot_be_read_is_named(write_encoder, tmp_path, changes, message):
    directory = write_encoder(tmp_path / "encoder", "bert")
    config = json.loads((directory / "config.json").read_text())
    (directory / "config.json").write_text(json.dumps({**config, **changes}))
    with pytest.raises(TrainerError, match=message):
        open_pretrained(str(directory))

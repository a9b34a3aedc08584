"""A small generated corpus, and tiny random encoders in the form the Hugging Face hub uses."""

import json
import signal
from importlib import import_module

import numpy as np
import pytest
from tokenizers import Tokenizer, normalizers, pre_tokenizers, processors
from tokenizers.models import WordPiece

from trainer.data.dataset import Dataset, Split
from trainer.errors import ExportError
from trainer.progress import NoProgress

LABELS = ("negative", "neutral", "positive")
MOODS = (
    "awful late lost never worst refund angry",
    "gate ticket monday terminal schedule luggage seat",
    "lovely great thanks happy smooth best smiling",
)
COMMON = "the flight to lyon was my crew and a plane with airline today at".split()
WIDTH, LAYERS, HEADS, INNER, POSITIONS = 16, 2, 2, 32, 160


def corpus(rows, seed):
    random = np.random.default_rng(seed)
    labels = random.choice(len(LABELS), rows, p=(0.6, 0.3, 0.1))
    texts = []
    for label in labels:
        words = [*random.choice(COMMON, random.integers(1, 12))]
        words += [*random.choice(MOODS[label].split(), 3)]
        texts.append(" ".join(random.permutation(words)))
    return Split(texts, labels.astype(np.int64))


@pytest.fixture(autouse=True)
def _interruptible():
    """Ctrl-C interrupts, even where the shell started the tests as a job that ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="session")
def toy():
    """Three unbalanced labels that a few words give away; texts of 4 to 14 words."""
    return Dataset(
        source="toy",
        fingerprint="0" * 64,
        test_fingerprint="1" * 64,
        labels=LABELS,
        languages=("en",),
        is_sample=False,
        train=corpus(240, 1),
        validation=corpus(80, 2),
        test=corpus(80, 3),
    )


@pytest.fixture(scope="session")
def signal_free():
    """Nine texts of the first label to one of the second, all of the same words."""
    texts = ["the flight to lyon"] * 200
    split = Split(texts, (np.arange(200) % 10 == 0).astype(np.int64))
    return Dataset("same", "0" * 64, "1" * 64, LABELS[:2], ("en",), False, split, split, split)


def write_tokenizer(directory):
    words = [*COMMON, *" ".join(MOODS).split(), *"abcdefghijklmnopqrstuvwxyz"]
    pieces = [f"##{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"]
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    vocabulary = dict.fromkeys([*special, *words, *pieces])
    vocabulary = {word: index for index, word in enumerate(vocabulary)}
    tokenizer = Tokenizer(WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.add_special_tokens(special)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer.enable_padding(length=64)  # hub files often carry both, which must not survive
    tokenizer.enable_truncation(64)
    tokenizer.save(str(directory / "tokenizer.json"))
    return len(vocabulary)


def linear(random, name, rows, columns):
    return {
        f"{name}.weight": random.normal(0, 0.3, (rows, columns)),
        f"{name}.bias": random.normal(0, 0.3, rows),
    }


def norm(random, name):
    return {
        f"{name}.weight": 1 + random.normal(0, 0.1, WIDTH),
        f"{name}.bias": random.normal(0, 0.1, WIDTH),
    }


def write_weights(directory, config, weights):
    from safetensors.numpy import save_file

    (directory / "config.json").write_text(json.dumps(config))
    tensors = {name: value.astype(np.float32) for name, value in weights.items()}
    save_file(tensors, directory / "model.safetensors", metadata={"format": "pt"})
    return directory


@pytest.fixture(scope="session")
def tiny_bert(tmp_path_factory):
    """A random BERT of two layers of width 16."""
    directory = tmp_path_factory.mktemp("tiny-bert")
    size = write_tokenizer(directory)
    random = np.random.default_rng(0)
    weights = {
        f"embeddings.{name}_embeddings.weight": random.normal(0, 0.5, (rows, WIDTH))
        for name, rows in (("word", size), ("position", POSITIONS), ("token_type", 2))
    }
    weights |= norm(random, "embeddings.LayerNorm") | linear(random, "pooler.dense", WIDTH, WIDTH)
    for layer in (f"encoder.layer.{index}" for index in range(LAYERS)):
        for part in ("self.query", "self.key", "self.value", "output.dense"):
            weights |= linear(random, f"{layer}.attention.{part}", WIDTH, WIDTH)
        weights |= norm(random, f"{layer}.attention.output.LayerNorm")
        weights |= linear(random, f"{layer}.intermediate.dense", INNER, WIDTH)
        weights |= linear(random, f"{layer}.output.dense", WIDTH, INNER)
        weights |= norm(random, f"{layer}.output.LayerNorm")
    config = {
        "model_type": "bert",
        "vocab_size": size,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "hidden_size": WIDTH,
        "intermediate_size": INNER,
        "max_position_embeddings": POSITIONS,
        "pad_token_id": 0,
    }
    return write_weights(directory, config, weights)


@pytest.fixture(scope="session")
def tiny_distilbert(tmp_path_factory):
    """A random DistilBERT of two layers of width 16; its GELU is the exact one."""
    directory = tmp_path_factory.mktemp("tiny-distilbert")
    size = write_tokenizer(directory)
    random = np.random.default_rng(0)
    weights = {
        f"distilbert.embeddings.{name}_embeddings.weight": random.normal(0, 0.5, (rows, WIDTH))
        for name, rows in (("word", size), ("position", POSITIONS))
    }
    weights |= norm(random, "distilbert.embeddings.LayerNorm")
    for layer in (f"distilbert.transformer.layer.{index}" for index in range(LAYERS)):
        for part in ("q_lin", "k_lin", "v_lin", "out_lin"):
            weights |= linear(random, f"{layer}.attention.{part}", WIDTH, WIDTH)
        weights |= norm(random, f"{layer}.sa_layer_norm")
        weights |= linear(random, f"{layer}.ffn.lin1", INNER, WIDTH)
        weights |= linear(random, f"{layer}.ffn.lin2", WIDTH, INNER)
        weights |= norm(random, f"{layer}.output_layer_norm")
    config = {
        "model_type": "distilbert",
        "vocab_size": size,
        "n_layers": LAYERS,
        "n_heads": HEADS,
        "dim": WIDTH,
        "hidden_dim": INNER,
        "dropout": 0.1,
        "max_position_embeddings": POSITIONS,
        "pad_token_id": 0,
    }
    return write_weights(directory, config, weights)


@pytest.fixture
def exported(toy, tmp_path):
    """A function that exports a fitted model through every check and returns its bundle."""
    from trainer.export.bundle_writer import export_model

    def export(model, dataset=toy):
        return export_model(
            model,
            dataset,
            name="tweet-sentiment",
            recipe="recipe",
            directory=tmp_path / "bundle",
            progress=NoProgress(),
        )

    return export


@pytest.fixture
def refused_by(exported, tmp_path):
    """A function that exports, expects a refusal, and returns the name of the check."""

    def export(model):
        with pytest.raises(ExportError) as refusal:
            exported(model)
        assert not (tmp_path / "bundle").exists()
        return refusal.value.check

    return export


@pytest.fixture
def cudnn_seen(monkeypatch):
    """Keras believes that it may use cuDNN, as where a GPU is."""
    from trainer.neural.backend import load_keras

    keras = load_keras()
    rnn = import_module("keras.src.backend.tensorflow.rnn")
    monkeypatch.setattr(rnn, "_is_gpu_available", lambda: True)
    functions = keras.activations.tanh, keras.activations.sigmoid
    assert rnn.cudnn_ok(*functions, unroll=False, use_bias=True)

"""A small generated corpus, and tiny random encoders in the form the Hugging Face hub uses."""

import json
import signal
from importlib import import_module

import numpy as np
import pytest
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

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
LETTERS = "abcdefghijklmnopqrstuvwxyz"
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


def words():
    return [*COMMON, *" ".join(MOODS).split(), *LETTERS]


def word_pieces():
    """BERT's kind: padding is 0."""
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    known = dict.fromkeys([*special, *words(), *(f"##{letter}" for letter in LETTERS)])
    vocabulary = {word: index for index, word in enumerate(known)}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return tokenizer, special, "[CLS] $A [SEP]"


def byte_pairs():
    """RoBERTa's kind: padding is 1, and no text is without a known byte."""
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=500, special_tokens=special, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(corpus(200, 0).texts, trainer)
    return tokenizer, special, "<s> $A </s>"


def unigrams():
    """CamemBERT's and XLM-RoBERTa's kind: padding is 1, the unknown token has a number only."""
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    pieces = dict.fromkeys([*(f"▁{word}" for word in words()), "▁", *LETTERS])
    scores = [(name, 0.0) for name in special] + [(piece, -1.0 - len(LETTERS)) for piece in pieces]
    tokenizer = Tokenizer(models.Unigram(scores, unk_id=3))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    return tokenizer, special, "<s> $A </s>"


def write_tokenizer(directory, tokenizer, special, template):
    tokenizer.add_special_tokens(special)
    ids = [(name, tokenizer.token_to_id(name)) for name in template.split() if name != "$A"]
    tokenizer.post_processor = processors.TemplateProcessing(single=template, special_tokens=ids)
    tokenizer.enable_padding(length=64)  # hub files often carry both, which must not survive
    tokenizer.enable_truncation(64)
    tokenizer.save(str(directory / "tokenizer.json"))
    return tokenizer.get_vocab_size()


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


def bert_weights(random, size, layers, segments):
    tables = {"word": size, "position": POSITIONS, "token_type": segments}
    weights = {
        f"embeddings.{name}_embeddings.weight": random.normal(0, 0.5, (rows, WIDTH))
        for name, rows in tables.items()
    }
    weights |= norm(random, "embeddings.LayerNorm") | linear(random, "pooler.dense", WIDTH, WIDTH)
    for layer in (f"encoder.layer.{index}" for index in range(layers)):
        for part in ("self.query", "self.key", "self.value", "output.dense"):
            weights |= linear(random, f"{layer}.attention.{part}", WIDTH, WIDTH)
        weights |= norm(random, f"{layer}.attention.output.LayerNorm")
        weights |= linear(random, f"{layer}.intermediate.dense", INNER, WIDTH)
        weights |= linear(random, f"{layer}.output.dense", WIDTH, INNER)
        weights |= norm(random, f"{layer}.output.LayerNorm")
    return weights


def distilbert_weights(random, size, layers):
    weights = {
        f"embeddings.{name}_embeddings.weight": random.normal(0, 0.5, (rows, WIDTH))
        for name, rows in (("word", size), ("position", POSITIONS))
    }
    weights |= norm(random, "embeddings.LayerNorm")
    for layer in (f"transformer.layer.{index}" for index in range(layers)):
        for part in ("q_lin", "k_lin", "v_lin", "out_lin"):
            weights |= linear(random, f"{layer}.attention.{part}", WIDTH, WIDTH)
        weights |= norm(random, f"{layer}.sa_layer_norm")
        weights |= linear(random, f"{layer}.ffn.lin1", INNER, WIDTH)
        weights |= linear(random, f"{layer}.ffn.lin2", WIDTH, INNER)
        weights |= norm(random, f"{layer}.output_layer_norm")
    return weights


BERT = {
    "num_hidden_layers": LAYERS,
    "num_attention_heads": HEADS,
    "hidden_size": WIDTH,
    "intermediate_size": INNER,
    "hidden_act": "gelu",
    "max_position_embeddings": POSITIONS,
}
ROBERTA = {**BERT, "pad_token_id": 1, "type_vocab_size": 1, "layer_norm_eps": 1e-5}
DISTILBERT = {
    "n_layers": LAYERS,
    "n_heads": HEADS,
    "dim": WIDTH,
    "hidden_dim": INNER,
    "activation": "gelu",
    "max_position_embeddings": POSITIONS,
    "pad_token_id": 0,
}
FAMILIES = {
    "bert": (word_pieces, {**BERT, "pad_token_id": 0, "type_vocab_size": 2}),
    "distilbert": (word_pieces, DISTILBERT),
    "roberta": (byte_pairs, ROBERTA),
    "camembert": (unigrams, ROBERTA),
    "xlm-roberta": (unigrams, ROBERTA),
}


@pytest.fixture(scope="session")
def write_encoder():
    """A function that writes a random encoder of a family into a directory.

    `prefix` stands before the names of all weights; further arguments replace what `config.json`
    would say.
    """
    from safetensors.numpy import save_file

    def write(directory, family, prefix="", **changes):
        make, config = FAMILIES[family]
        directory.mkdir(exist_ok=True)
        size = write_tokenizer(directory, *make())
        config = {"model_type": family, "vocab_size": size, **config, **changes}
        (directory / "config.json").write_text(json.dumps(config))
        random = np.random.default_rng(0)
        if family == "distilbert":
            weights = distilbert_weights(random, size, config["n_layers"])
        else:
            weights = bert_weights(
                random, size, config["num_hidden_layers"], config["type_vocab_size"]
            )
        tensors = {prefix + name: value.astype(np.float32) for name, value in weights.items()}
        save_file(tensors, directory / "model.safetensors", metadata={"format": "pt"})
        return directory

    return write


@pytest.fixture(scope="session")
def tiny_encoders(write_encoder, tmp_path_factory):
    """A directory with an encoder of each family by its name: RoBERTa of two layers, else one."""
    root = tmp_path_factory.mktemp("encoders")
    layers = {"distilbert": {"n_layers": 1}, "roberta": {}}
    return {
        family: write_encoder(root / family, family, **layers.get(family, {"num_hidden_layers": 1}))
        for family in FAMILIES
    }


@pytest.fixture(scope="session")
def tiny_bert(tiny_encoders):
    """A random BERT."""
    return tiny_encoders["bert"]


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

"""Two tiny bundles made by hand, so that the contract is tested without the trainer."""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer, models, pre_tokenizers

from contract.bundle import Bundle
from contract.calibration import softmax
from contract.encoding import Encoder, TokenEncoder, pad
from contract.features import Analyser, FeatureEncoder, FeatureSpec
from contract.goldens import GOLDEN_SET, GOLDEN_TEXTS, golden_outputs
from contract.graph import Graph
from contract.manifest import FEATURES, MODEL, TOKENIZER, Manifest, TrainingData, sha256_of
from contract.text.pipeline import StepSpec, TextSteps

LABELS = ("negative", "positive")
STEPS = (StepSpec(name="nfkc"), StepSpec(name="lowercase"))
WORDS = ("lovely", "again", "never", "lost", "refund", "retard", "happy", "bad", "not", "the", "a")


def sum_graph(table: Sequence[Sequence[float]], *, weighted: bool) -> onnx.ModelProto:
    """Logits are the (weighted) sum of one row of `table` per id; row 0 is the padding."""
    inputs = [helper.make_tensor_value_info("token_ids", TensorProto.INT64, ["batch", "length"])]
    nodes = [helper.make_node("Gather", ["table", "token_ids"], ["rows"])]
    rows = "rows"
    if weighted:
        inputs.append(
            helper.make_tensor_value_info("token_weights", TensorProto.FLOAT, ["batch", "length"])
        )
        nodes += [
            helper.make_node("Unsqueeze", ["token_weights", "label_axis"], ["column"]),
            helper.make_node("Mul", ["rows", "column"], ["weighted"]),
        ]
        rows = "weighted"
    nodes.append(helper.make_node("ReduceSum", [rows, "length_axis"], ["logits"], keepdims=0))
    graph = helper.make_graph(
        nodes,
        "sum",
        inputs,
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", "labels"])],
        [
            numpy_helper.from_array(np.asarray(table, np.float32), "table"),
            numpy_helper.from_array(np.array([1]), "length_axis"),
            numpy_helper.from_array(np.array([2]), "label_axis"),
        ],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


def word_table(labels: int = 2) -> np.ndarray:
    """Rows for padding, unknown and every word, all different."""
    table = np.random.default_rng(0).normal(size=(len(WORDS) + 2, labels))
    table[0] = 0
    return table


def word_tokenizer() -> Tokenizer:
    vocabulary = {"[PAD]": 0, "[UNK]": 1} | {word: 2 + place for place, word in enumerate(WORDS)}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.add_special_tokens(["[PAD]", "[UNK]"])
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return tokenizer


def write_bundle(directory: Path, encoder: Encoder, *, weighted: bool, temperature: float) -> Path:
    onnx.save_model(sum_graph(word_table(), weighted=weighted), directory / MODEL)
    graph = Graph(directory / MODEL, label_count=2, uses_weights=weighted)
    Manifest(
        name="tweet-sentiment",
        recipe="by-hand",
        family="linear",
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        labels=LABELS,
        text_steps=STEPS,
        encoder="features" if weighted else "tokens",
        pad_id=0,
        unknown_id=None if weighted else 1,
        max_length=encoder.max_length,
        temperature=temperature,
        abstain_threshold=0.6,
        languages=("en", "fr"),
        training_data=TrainingData(
            source="by hand",
            fingerprint="0" * 64,
            test_fingerprint="1" * 64,
            train_rows=8,
            validation_rows=1,
            test_rows=1,
            is_sample=True,
        ),
        metrics={"accuracy": 0.5},
        files={path.name: sha256_of(path) for path in directory.iterdir()},
        golden_set=GOLDEN_SET,
        goldens={
            "fp32": golden_outputs(
                encoder.encode(GOLDEN_TEXTS),
                lambda batch: softmax(graph(pad(batch, encoder.pad_id)), temperature),
            )
        },
    ).write(directory)
    return directory


@pytest.fixture
def token_bundle(tmp_path: Path) -> Path:
    """A directory with a bundle that reads words through a tokenizer."""
    directory = tmp_path / "tokens"
    directory.mkdir()
    word_tokenizer().save(str(directory / TOKENIZER))
    encoder = TokenEncoder.from_file(
        directory / TOKENIZER, TextSteps(STEPS), pad_id=0, unknown_id=1, max_length=16
    )
    return write_bundle(directory, encoder, weighted=False, temperature=1.5)


@pytest.fixture
def feature_bundle(tmp_path: Path) -> Path:
    """A directory with a bundle that counts words."""
    directory = tmp_path / "features"
    directory.mkdir()
    spec = FeatureSpec(
        analysers=(Analyser(unit="words", orders=(1, 1)),), vocabulary=(*WORDS, "lovely crew")
    )
    (directory / FEATURES).write_text(spec.model_dump_json(), encoding="utf-8")
    encoder = FeatureEncoder(spec, TextSteps(STEPS), max_length=8)
    return write_bundle(directory, encoder, weighted=True, temperature=0.7)


@pytest.fixture(params=["token_bundle", "feature_bundle"])
def any_bundle(request: pytest.FixtureRequest) -> Path:
    """Each of the two bundles in turn."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def edit_manifest() -> Callable[..., None]:
    """Change top-level fields of a bundle's manifest behind the contract's back."""

    def edit(directory: Path, **changes: Any) -> None:
        path = directory / "manifest.json"
        content = json.loads(path.read_text(encoding="utf-8")) | changes
        path.write_text(json.dumps(content), encoding="utf-8")

    return edit


@pytest.fixture
def replace_file(edit_manifest: Callable[..., None]) -> Callable[[Path, str, bytes], None]:
    """Change a file of a bundle together with its recorded hash."""

    def replace(directory: Path, name: str, content: bytes) -> None:
        (directory / name).write_bytes(content)
        files = Manifest.read(directory).files | {name: sha256_of(directory / name)}
        edit_manifest(directory, files=files)

    return replace


@pytest.fixture
def save_graph(tmp_path: Path) -> Callable[..., Path]:
    """Write a graph of `sum_graph`, perhaps altered by a function of the model."""

    def save(
        *,
        labels: int = 2,
        weighted: bool = False,
        alter: Callable[[onnx.ModelProto], None] = lambda model: None,
    ) -> Path:
        model = sum_graph(word_table(labels), weighted=weighted)
        alter(model)
        path = tmp_path / "graph.onnx"
        path.write_bytes(model.SerializeToString())
        return path

    return save


@pytest.fixture
def tokenizer() -> Tokenizer:
    """The word-level tokenizer of the token bundle; `[PAD]` is 0 and `[UNK]` 1."""
    return word_tokenizer()


@pytest.fixture
def word_ids() -> dict[str, int]:
    """The id of each word that `tokenizer` knows."""
    return {word: 2 + place for place, word in enumerate(WORDS)}


@pytest.fixture
def opened(any_bundle: Path) -> Bundle:
    """Each of the two bundles, open."""
    return Bundle.open(any_bundle)

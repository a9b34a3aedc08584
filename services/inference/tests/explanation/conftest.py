"""A small bundle of each family, with random weights: what words do to each other is real."""

from datetime import UTC, datetime

import numpy as np
import onnx
import onnx.parser
import pytest
from onnx import numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic
from tokenizers import Tokenizer, models, pre_tokenizers

from contract.bundle import Bundle, open_encoder
from contract.features import Analyser, FeatureSpec
from contract.goldens import GOLDEN_SET, GOLDEN_TEXTS, golden_outputs
from contract.graph import Graph
from contract.manifest import (
    FEATURES,
    MODEL,
    MODEL_FILES,
    QUANTISED_MODEL,
    TOKENIZER,
    Manifest,
    TrainingData,
    sha256_of,
)
from contract.text.pipeline import StepSpec

LABELS = ("negative", "neutral", "positive")
WORDS = (
    "lovely late lost never not happy gate bag crew thank delayed again hours emoji_red_heart "
    "good bad the a"
).split()
WIDTH = 8
HEADER = '<ir_version: 9, opset_import: ["" : 17]>\n'
TOKENS = "words (int64[batch, length] token_ids"

LINEAR = f"""{TOKENS}, float[batch, length] token_weights) => (float[batch, labels] logits) {{
  rows = Gather (table, token_ids)
  column = Unsqueeze (token_weights, last)
  weighted = Mul (rows, column)
  sums = ReduceSum <keepdims = 0> (weighted, second)
  logits = MatMul (sums, output)
}}"""

RECURRENT = f"""{TOKENS}) => (float[batch, labels] logits) {{
  padded = Equal (token_ids, pad)
  read = Not (padded)
  ones = Cast <to = 6> (read)
  lengths = ReduceSum <keepdims = 0> (ones, second)
  vectors = Gather (table, token_ids)
  steps = Transpose <perm = [1, 0, 2]> (vectors)
  states, last_state = LSTM <hidden_size = {WIDTH}> (steps, input, recurrent, bias, lengths)
  state = Squeeze (last_state, first)
  logits = MatMul (state, output)
}}"""

ENCODER = f"""{TOKENS}) => (float[batch, labels] logits) {{
  padded = Equal (token_ids, pad)
  absent = Cast <to = 1> (padded)
  hidden_from = Mul (absent, far_below)
  mask = Unsqueeze (hidden_from, second)
  vectors = Gather (table, token_ids)
  queries = MatMul (vectors, query)
  keys = MatMul (vectors, key)
  turned = Transpose <perm = [0, 2, 1]> (keys)
  products = MatMul (queries, turned)
  masked = Add (products, mask)
  attention = Softmax <axis = -1> (masked)
  values = MatMul (vectors, value)
  mixed = MatMul (attention, values)
  states = Tanh (mixed)
  present = Sub (one, absent)
  weights = Unsqueeze (present, last)
  seen = Mul (states, weights)
  sums = ReduceSum <keepdims = 0> (seen, second)
  count = ReduceSum <keepdims = 1> (present, second)
  pooled = Div (sums, count)
  logits = MatMul (pooled, output)
}}"""

GRAPHS = {"linear": LINEAR, "recurrent": RECURRENT, "transformer": ENCODER}


def write_graph(path, family):
    random = np.random.default_rng(7)

    def normal(*shape, scale=1.0):
        return random.normal(scale=scale, size=shape).astype(np.float32)

    constants = {
        "table": normal(len(WORDS) + 2, WIDTH),
        "output": normal(WIDTH, len(LABELS), scale=3.0),
        "pad": np.array(0, np.int64),
        "first": np.array([0], np.int64),
        "second": np.array([1], np.int64),
        "last": np.array([2], np.int64),
        "one": np.array(1, np.float32),
        "far_below": np.array(-1e9, np.float32),
        "input": normal(1, 4 * WIDTH, WIDTH),
        "recurrent": normal(1, 4 * WIDTH, WIDTH),
        "bias": normal(1, 8 * WIDTH),
        **{name: normal(WIDTH, WIDTH) for name in ("query", "key", "value")},
    }
    model = onnx.parser.parse_model(HEADER + GRAPHS[family])
    used = {name for node in model.graph.node for name in node.input}
    model.graph.initializer.extend(
        numpy_helper.from_array(value, name) for name, value in constants.items() if name in used
    )
    onnx.save(model, str(path))


def write_encoder(directory, family):
    if family == "linear":
        spec = FeatureSpec(analysers=(Analyser(unit="words", orders=(1, 2)),), vocabulary=WORDS)
        (directory / FEATURES).write_text(spec.model_dump_json(), encoding="utf-8")
        return FEATURES
    ids = {"[PAD]": 0, "[UNK]": 1} | {word: 2 + place for place, word in enumerate(WORDS)}
    tokenizer = Tokenizer(models.WordLevel(ids, unk_token="[UNK]"))
    tokenizer.add_special_tokens(["[PAD]", "[UNK]"])
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.save(str(directory / TOKENIZER))
    return TOKENIZER


def write_family(directory, family, *, max_length=64, int8=False):
    directory.mkdir(parents=True)
    write_graph(directory / MODEL, family)
    files = [MODEL, write_encoder(directory, family)]
    if int8:
        quantize_dynamic(
            directory / MODEL, directory / QUANTISED_MODEL, weight_type=QuantType.QInt8
        )
        files.append(QUANTISED_MODEL)
    features = family == "linear"
    manifest = Manifest.model_construct(
        format_version=1,
        name="tweet-sentiment",
        recipe=family,
        family=family,
        created_at=datetime(2026, 1, 2, tzinfo=UTC),
        labels=LABELS,
        text_steps=(StepSpec(name="emoji"), StepSpec(name="lowercase")),
        encoder="features" if features else "tokens",
        pad_id=0,
        unknown_id=None if features else 1,
        max_length=max_length,
        temperature=1.3,
        abstain_threshold=0.4,
        languages=("en",),
        training_data=TrainingData(
            source="random",
            fingerprint="0" * 64,
            test_fingerprint="1" * 64,
            train_rows=8,
            validation_rows=1,
            test_rows=1,
            is_sample=True,
        ),
        metrics={"accuracy": 0.5},
        files={name: sha256_of(directory / name) for name in files},
        golden_set=GOLDEN_SET,
        goldens={},
    )
    encoder = open_encoder(manifest, directory)
    goldens = {}
    for precision in ("fp32", "int8") if int8 else ("fp32",):
        path = directory / MODEL_FILES[precision]
        graph = Graph(path, label_count=len(LABELS), uses_weights=features)
        bundle = Bundle(manifest, encoder, graph, precision)
        goldens[precision] = golden_outputs(encoder.encode(GOLDEN_TEXTS), bundle.probabilities_of)
    manifest.model_copy(update={"goldens": goldens}).write(directory)
    return directory


FAMILIES = {
    "linear": {"family": "linear"},
    "recurrent": {"family": "recurrent"},
    "encoder": {"family": "transformer"},
    "encoder-int8": {"family": "transformer", "int8": True},
}


@pytest.fixture(scope="session", params=FAMILIES)
def family_path(request, tmp_path_factory):
    """A bundle of each family in turn, and one whose graph is quantised."""
    return write_family(
        tmp_path_factory.mktemp("family") / request.param, **FAMILIES[request.param]
    )


@pytest.fixture(scope="session")
def encoder_path(tmp_path_factory):
    return write_family(tmp_path_factory.mktemp("encoder") / "bundle", "transformer")


@pytest.fixture(scope="session")
def recurrent_path(tmp_path_factory):
    return write_family(tmp_path_factory.mktemp("recurrent") / "bundle", "recurrent")

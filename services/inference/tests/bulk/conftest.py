"""Files of tweets, and scoring them in this process or in one of its own."""

import io
import os
import random
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import onnx
import onnx.parser
import pyarrow.parquet as pq
import pytest
from onnx import numpy_helper

from contract.bundle import Bundle, open_encoder
from contract.features import Analyser, FeatureSpec
from contract.goldens import GOLDEN_TEXTS, golden_outputs
from contract.graph import Graph
from contract.manifest import FEATURES, MODEL, Manifest, sha256_of
from inference.bulk.blocks import CuttingOptions
from inference.bulk.job import Outcome, ScoringOptions, run_scoring
from inference.bulk.rows import ColumnOptions

VOCABULARY = ("late", "lovely", "gate", "bag", "never", "thank", "you", "the", "x", "É")
BLOCK_ROWS = 100


@pytest.fixture(scope="session")
def make_tweets() -> Callable[[int], list[str]]:
    """Texts of many lengths, the same each time."""

    def make(count: int, longest: int = 25) -> list[str]:
        source = random.Random(7)
        return [
            " ".join(source.choices(VOCABULARY, k=source.randint(1, longest))) for _ in range(count)
        ]

    return make


@pytest.fixture
def write_csv(tmp_path: Path, make_tweets: Callable[..., list[str]]) -> Callable[..., Path]:
    """A file of some tweets with ids."""

    def write(count: int, name: str = "tweets.csv", **options: int) -> Path:
        path = tmp_path / name
        with path.open("w", encoding="utf-8") as file:
            file.write("id,text\n")
            file.writelines(
                f'a{place},"{text}"\n' for place, text in enumerate(make_tweets(count, **options))
            )
        return path

    return write


@pytest.fixture
def score(tmp_path: Path, bundle_path: Path) -> Callable[..., Outcome]:
    """Scores in this process; progress goes to `score.progress`."""

    def run(
        *inputs: object, output: object = tmp_path / "out", block_rows: int = BLOCK_ROWS, **other
    ) -> Outcome:
        columns = ColumnOptions(
            **{name: other.pop(name) for name in ColumnOptions.model_fields if name in other}
        )
        options = {
            "output_format": "parquet",
            "model": str(bundle_path),
            "precision": "auto",
            "tracking_uri": f"sqlite:///{tmp_path / 'mlflow.db'}",
            "engine": "local",
            "address": None,
            "threads": 2,
            **other,
        }
        return run_scoring(
            ScoringOptions(
                inputs=[str(item) for item in inputs],
                output=str(output),
                cutting=CuttingOptions(columns=columns, block_rows=block_rows),
                **options,
            ),
            run.progress,
        )

    run.progress = io.StringIO()
    return run


@pytest.fixture
def answers(tmp_path: Path) -> Callable[..., list[dict[str, object]]]:
    """The rows of all Parquet files of an output, in the order of their names."""

    def read(output: Path = tmp_path / "out") -> list[dict[str, object]]:
        return [
            row
            for path in sorted((output / "scores").iterdir())
            for row in pq.read_table(path).to_pylist()
        ]

    return read


@pytest.fixture
def start_scoring(tmp_path: Path) -> Callable[..., subprocess.Popen[str]]:
    """Starts `inference score` as a user would."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: object, program: Sequence[str] = (), **environment: str):
        process = subprocess.Popen(
            [*program, sys.executable, "-m", "inference", "score", *map(str, arguments)],
            env=os.environ | {"DATA_DIR": str(tmp_path / "data")} | environment,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.fixture
def content() -> Callable[[Path], dict[str, bytes]]:
    """The files of an output but its manifest, which says when the input was changed."""

    def read(output: Path) -> dict[str, bytes]:
        return {
            str(path.relative_to(output)): path.read_bytes()
            for path in output.rglob("*")
            if path.is_file() and path.name not in ("scoring.json", ".lock")
        }

    return read


LINEAR = """<ir_version: 9, opset_import: ["" : 17]>
words (int64[batch, length] token_ids, float[batch, length] token_weights)
  => (float[batch, labels] logits) {
  rows = Gather (table, token_ids)
  column = Unsqueeze (token_weights, last)
  weighted = Mul (rows, column)
  logits = ReduceSum <keepdims = 0> (weighted, second)
}"""


@pytest.fixture(scope="session")
def linear_bundle(bundle_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle that counts words and pairs of them, with weights at random."""
    directory = tmp_path_factory.mktemp("linear") / "words"
    directory.mkdir()
    terms = (*VOCABULARY, *(f"{one} {other}" for one in VOCABULARY for other in VOCABULARY))
    spec = FeatureSpec(
        analysers=(Analyser(unit="words", orders=(1, 2)),), vocabulary=tuple(map(str.lower, terms))
    )
    (directory / FEATURES).write_text(spec.model_dump_json(), encoding="utf-8")
    before = Manifest.read(bundle_path)
    graph = onnx.parser.parse_model(LINEAR)
    table = np.random.default_rng(7).normal(size=(spec.size, len(before.labels)))
    for name, values in (("table", table.astype(np.float32)), ("last", [2]), ("second", [1])):
        graph.graph.initializer.append(numpy_helper.from_array(np.asarray(values), name))
    onnx.save(graph, str(directory / MODEL))
    manifest = before.model_copy(
        update={
            "encoder": "features",
            "unknown_id": None,
            "files": {name: sha256_of(directory / name) for name in (MODEL, FEATURES)},
        }
    )
    encoder = open_encoder(manifest, directory)
    core = Graph(directory / MODEL, label_count=len(before.labels), uses_weights=True)
    bundle = Bundle(manifest, encoder, core, "fp32")
    outputs = golden_outputs(encoder.encode(GOLDEN_TEXTS), bundle.probabilities_of)
    manifest.model_copy(update={"goldens": {"fp32": outputs}}).write(directory)
    return directory

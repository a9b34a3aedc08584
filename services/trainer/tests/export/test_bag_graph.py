import numpy as np
import onnx
import pytest
import scipy.sparse as sp
from sklearn.feature_extraction.text import TfidfTransformer

from contract.encoding import Encoded, pad
from contract.graph import Graph
from trainer.export.bag_graph import bag_graph

IDS, LABELS = 40, 3


@pytest.fixture
def arrays():
    rng = np.random.default_rng(5)
    return {
        "idf": rng.uniform(1, 9, IDS),
        "weights": rng.normal(size=(IDS, LABELS)),
        "bias": rng.normal(size=LABELS),
    }


@pytest.fixture
def graph(arrays, tmp_path):
    model = bag_graph(**arrays)
    onnx.checker.check_model(model, full_check=True)
    onnx.save_model(model, tmp_path / "model.onnx")
    return Graph(tmp_path / "model.onnx", label_count=LABELS, uses_weights=True)


def texts(lengths):
    rng = np.random.default_rng(6)
    return [
        Encoded(
            np.sort(rng.choice(np.arange(1, IDS), length, replace=False)),
            rng.integers(1, 6, length).astype(np.float32),
            truncated=False,
        )
        for length in lengths
    ]


def test_equals_scikit_learn(graph, arrays):
    batch = texts([1, 5, 12, 39])
    counts = sp.lil_matrix((len(batch), IDS))
    for row, text in enumerate(batch):
        counts[row, text.ids] = text.weights
    tfidf = TfidfTransformer(sublinear_tf=True)
    tfidf.fit(counts)
    tfidf.idf_ = arrays["idf"]
    expected = tfidf.transform(counts.tocsr()) @ arrays["weights"] + arrays["bias"]
    np.testing.assert_allclose(graph(pad(batch, 0)), expected, atol=1e-5)


def test_each_group_of_terms_has_its_own_norm(arrays, tmp_path):
    groups = np.arange(IDS) % 2
    onnx.save_model(bag_graph(**arrays, groups=groups), tmp_path / "model.onnx")
    grouped = Graph(tmp_path / "model.onnx", label_count=LABELS, uses_weights=True)
    batch = texts([1, 5, 12, 39])
    expected = np.tile(arrays["bias"], (len(batch), 1))
    for row, text in enumerate(batch):
        tf_idf = (1 + np.log(text.weights)) * arrays["idf"][text.ids]
        for group in (0, 1):
            of_group = groups[text.ids] == group
            x = tf_idf[of_group] / max(np.linalg.norm(tf_idf[of_group]), 1e-12)
            expected[row] += x @ arrays["weights"][text.ids[of_group]]
    np.testing.assert_allclose(grouped(pad(batch, 0)), expected, atol=1e-5)
    longer = {name: np.pad(value, ((0, 0), (0, 99))) for name, value in pad(batch, 0).items()}
    np.testing.assert_allclose(grouped(longer), expected, atol=1e-5)


@pytest.mark.parametrize("length", [1, 9, 33])
@pytest.mark.parametrize("extra", [1, 64, 400])
def test_padding_changes_nothing(graph, length, extra):
    feeds = pad(texts([length]), 0)
    padded = {name: np.pad(values, ((0, 0), (0, extra))) for name, values in feeds.items()}
    np.testing.assert_allclose(graph(padded), graph(feeds), atol=1e-5, rtol=0)


@pytest.mark.parametrize("weight", [0.0, 3.0])
def test_padding_alone_gives_the_bias(graph, arrays, weight):
    logits = graph(
        {
            "token_ids": np.zeros((2, 4), np.int64),
            "token_weights": np.full((2, 4), weight, np.float32),
        }
    )
    np.testing.assert_allclose(logits, [arrays["bias"]] * 2, rtol=1e-6)


def test_the_callers_arrays_are_left_alone(arrays):
    before = {name: value.copy() for name, value in arrays.items()}
    bag_graph(**arrays)
    for name, value in arrays.items():
        np.testing.assert_array_equal(value, before[name])

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp

from contract.bundle import Bundle
from contract.calibration import softmax
from contract.encoding import Encoded, pad
from trainer.data.dataset import Dataset, Split
from trainer.errors import DataError
from trainer.export.bundle_writer import export_model
from trainer.export.calibration import fit_temperature
from trainer.progress import NoProgress
from trainer.recipes.logistic_regression import (
    STRENGTHS,
    LogisticRegressionRecipe,
    regressions,
)
from trainer.recipes.spec import RecipeSpec

LINEAR = ("naive-bayes", "complement-naive-bayes", "logistic-regression")
SPECS = (
    *LINEAR,
    "naive-bayes:features=words:class_weights=balanced",
    "complement-naive-bayes:hash_size=4096:bias=trained",
    "logistic-regression:features=words:hash_size=512:scaling=none",
    "logistic-regression:folds=3:normalisation=lemma:stop_words=drop",
)
LABELS = ("negative", "neutral", "positive")
SPLITS = ("train", "validation", "test")
TELLING = (
    ["late", "lost", "rude", "cancelled", "retard"],
    ["gate", "seat", "when", "terminal", "bagage"],
    ["lovely", "thanks", "smooth", "happy", "génial"],
)
FILLERS = [
    "the",
    "crew",
    "flight",
    "to",
    "lyon",
    "my",
    "is",
    "was",
    "le",
    "vol",
    "today",
    "@AirParadis",
]


def corpus(label_shares, rows=400, seed=0):
    """Texts of fillers and two words, each telling the label three times out of four."""
    rng = np.random.default_rng(seed)
    labels = rng.choice(len(label_shares), rows, p=label_shares)
    texts = []
    for label in labels:
        voices = [label if rng.random() < 0.75 else rng.integers(len(label_shares)) for _ in "ab"]
        words = [
            *rng.choice(FILLERS, rng.integers(2, 9)),
            *(rng.choice(TELLING[v]) for v in voices),
        ]
        rng.shuffle(words)
        texts.append(" ".join(words))
    return Split(texts, labels.astype(np.int64))


@pytest.fixture
def make_dataset():
    """A function that generates a data set with the given share of each label."""

    def make(*shares, **changes):
        parts = {
            "source": "generated",
            "fingerprint": "0" * 64,
            "test_fingerprint": "1" * 64,
            "labels": LABELS[: len(shares)],
            "languages": ("en",),
            "is_sample": False,
            "train": corpus(shares, 600, seed=1),
            "validation": corpus(shares, 200, seed=2),
            "test": corpus(shares, 300, seed=3),
        }
        return Dataset(**parts | changes)

    return make


class Recorded:
    """Progress that remembers."""

    def __init__(self):
        self.tasks = []

    def start(self, task, total):
        self.tasks.append([task, total, 0])

    def advance(self, steps=1, note=""):
        self.tasks[-1][2] += steps


@pytest.mark.parametrize("name", SPECS)
@pytest.mark.parametrize("shares", [(0.5, 0.5), (0.3, 0.4, 0.3)])
def test_a_recipe_learns_and_its_bundle_answers_alike(make_dataset, tmp_path, name, shares):
    dataset = make_dataset(*shares)
    model = RecipeSpec.parse(name).fit(dataset, NoProgress())
    logits = model.predict_logits(dataset.test.texts)
    assert logits.shape == (len(dataset.test), len(shares))
    right = logits.argmax(axis=1) == dataset.test.labels
    recalls = [right[dataset.test.labels == label].mean() for label in range(len(shares))]
    assert min(recalls) > 1 / len(shares) + 0.2

    export_model(
        model,
        dataset,
        name="tweet-sentiment",
        recipe=name,
        directory=tmp_path / "bundle",
        progress=NoProgress(),
    )
    bundle = Bundle.open(tmp_path / "bundle")
    np.testing.assert_allclose(
        bundle.probabilities(dataset.test.texts),
        softmax(logits, bundle.manifest.temperature),
        atol=1e-5,
        rtol=0,
    )


@pytest.mark.parametrize("name", ["naive-bayes", "logistic-regression:features=words"])
@pytest.mark.parametrize("words", [1, 8, 60])
def test_padding_changes_no_logit(make_dataset, tmp_path, name, words):
    dataset = make_dataset(0.5, 0.5)
    bundle = export_model(
        RecipeSpec.parse(name).fit(dataset, NoProgress()),
        dataset,
        name="tweet-sentiment",
        recipe=name,
        directory=tmp_path / "bundle",
        progress=NoProgress(),
    )
    text = " ".join(dataset.test.texts)
    (encoded,) = bundle.encoder.encode([" ".join(text.split()[:words])])
    longer = Encoded(np.zeros(400, np.int64), np.zeros(400, np.float32), truncated=False)
    alone = bundle.graph(pad([encoded], 0))
    padded = bundle.graph(pad([encoded, longer], 0))[:1]
    np.testing.assert_allclose(padded, alone, atol=1e-5, rtol=0)


@pytest.mark.parametrize("name", ["naive-bayes", "logistic-regression"])
def test_balanced_weights_find_more_of_a_rare_label(make_dataset, name):
    dataset = make_dataset(
        0.9,
        0.1,
        train=corpus((0.9, 0.1), 1_000, seed=1),
        validation=corpus((0.9, 0.1), seed=2),
        test=corpus((0.0, 1.0), 500, seed=3),
    )
    balanced, plain = (
        RecipeSpec.parse(f"{name}:features=words:bias=trained:class_weights={weights}").fit(
            dataset, NoProgress()
        )
        for weights in ("balanced", "none")
    )
    recalls = [
        model.predict_logits(dataset.test.texts).argmax(axis=1).mean()
        for model in (balanced, plain)
    ]
    assert recalls[0] > 0.65
    assert recalls[1] < 0.5


@pytest.mark.parametrize("name", LINEAR)
def test_a_fitted_bias_makes_labels_as_frequent_as_they_are(make_dataset, name):
    dataset = make_dataset(
        0.8, 0.2, **{part: corpus((0.8, 0.2), 1_000, seed) for seed, part in enumerate(SPLITS)}
    )
    settings = "class_weights=balanced:features=words"
    trained, fitted = (
        RecipeSpec.parse(f"{name}:{settings}:bias={bias}").fit(dataset, NoProgress())
        for bias in ("trained", "fitted")
    )

    def loss_and_share(model):
        scores = model.predict_logits(dataset.validation.texts)
        temperature = fit_temperature(scores, dataset.validation.labels).temperature
        probabilities = softmax(model.predict_logits(dataset.test.texts), temperature)
        right = probabilities[np.arange(len(dataset.test)), dataset.test.labels]
        return -np.log(right).mean(), probabilities[:, 1].mean()

    loss, share = loss_and_share(fitted)
    assert share == pytest.approx(dataset.test.labels.mean(), abs=0.02)
    assert loss < loss_and_share(trained)[0]


@pytest.mark.parametrize("name", [*LINEAR, "naive-bayes:folds=3"])
def test_the_same_seed_gives_the_same_model(make_dataset, name):
    dataset = make_dataset(0.3, 0.4, 0.3)
    first, second = (RecipeSpec.parse(name).fit(dataset, NoProgress(), seed=3) for _ in range(2))
    assert first.to_onnx().SerializeToString() == second.to_onnx().SerializeToString()
    assert first.features == second.features
    assert first.parameters == second.parameters


@pytest.mark.parametrize("name", LINEAR)
def test_every_step_of_the_work_is_reported(make_dataset, name):
    progress = Recorded()
    dataset = make_dataset(0.5, 0.5)
    RecipeSpec.parse(name).fit(dataset, progress)
    assert [done for _, _, done in progress.tasks] == [total for _, total, _ in progress.tasks]
    assert progress.tasks[0][1] == len(dataset.train)
    assert progress.tasks[-1][0].startswith(name)


@pytest.mark.parametrize("name", LINEAR)
def test_the_test_split_is_not_touched(make_dataset, name):
    dataset = make_dataset(0.5, 0.5)
    silent = make_dataset(0.5, 0.5, test=Split([], np.array([], np.int64)))
    models = [RecipeSpec.parse(name).fit(data, NoProgress()) for data in (dataset, silent)]
    assert models[0].parameters == models[1].parameters


def test_the_passes_are_bounded_of_logistic_regression(make_dataset):
    dataset = make_dataset(0.5, 0.5)
    with pytest.warns(match="failed to converge"):
        short = RecipeSpec.parse("logistic-regression:max_iterations=1").fit(dataset, NoProgress())
    full = RecipeSpec.parse("logistic-regression").fit(dataset, NoProgress())
    texts = dataset.test.texts
    assert np.abs(short.predict_logits(texts) - full.predict_logits(texts)).max() > 0.01


def test_a_warm_start_ends_where_a_cold_one_does(make_dataset):
    dataset = make_dataset(0.3, 0.4, 0.3)
    vectors = sp.random_array((600, 50), density=0.2, rng=np.random.default_rng(1)).tocsr()
    vectors = sp.csr_matrix(vectors.astype(np.float32))
    recipe, labels = LogisticRegressionRecipe, dataset.train.labels
    settings = recipe.settings(scaling="log-odds")
    *_, warm = regressions(vectors, labels, STRENGTHS, settings)
    (cold,) = regressions(vectors, labels, STRENGTHS[-1:], settings)
    np.testing.assert_allclose(softmax(warm(vectors)), softmax(cold(vectors)), atol=5e-3)


@pytest.mark.parametrize("name", LINEAR)
def test_a_label_without_training_rows_is_refused(make_dataset, name):
    dataset = make_dataset(0.5, 0.5, labels=LABELS)
    with pytest.raises(DataError, match="no training row is labelled positive"):
        RecipeSpec.parse(name).fit(dataset, NoProgress())


@pytest.mark.parametrize("name", LINEAR)
def test_texts_without_a_common_word_are_refused(make_dataset, name):
    train = Split(["xy", "zw"], np.array([0, 1]))
    with pytest.raises(DataError, match="no word occurs in 2 training texts"):
        RecipeSpec.parse(name).fit(make_dataset(0.5, 0.5, train=train), NoProgress())


def test_a_linear_recipe_brings_in_no_tensorflow():
    program = (
        "import sys; from trainer.recipes import get_recipe\n"
        f"for name in {LINEAR}: assert get_recipe(name).name == name\n"
        "assert not {'tensorflow', 'keras', 'mlflow'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_terms_too_rare_for_the_folds_are_refused(make_dataset):
    spec = RecipeSpec.parse("naive-bayes:folds=2:features=words:min_count=225")
    with pytest.raises(DataError, match="no term occurs in 225 training texts of a fold"):
        spec.fit(make_dataset(0.5, 0.5), NoProgress())


def test_folds_choose_without_the_validation_split(make_dataset):
    dataset = make_dataset(0.5, 0.5)
    turned = Split(dataset.validation.texts, 1 - dataset.validation.labels)
    spec = RecipeSpec.parse("logistic-regression:folds=3:bias=trained")
    models = [
        spec.fit(data, NoProgress())
        for data in (dataset, make_dataset(0.5, 0.5, validation=turned))
    ]
    assert models[0].parameters == models[1].parameters
    texts = dataset.test.texts
    np.testing.assert_array_equal(*(model.predict_logits(texts) for model in models))


@pytest.mark.tweets
def test_logistic_regression_learns_from_real_tweets(tmp_path):
    if not os.environ.get("TWEETS_DIR"):
        pytest.skip("TWEETS_DIR does not say where real tweets are")
    from trainer.data.loading import load_dataset

    source = Path(os.environ["TWEETS_DIR"]) / "sentiment140" / "sentiment140.csv.gz"
    dataset, _ = load_dataset(str(source), limit=4_000, progress=NoProgress())
    assert len(dataset.train) == 4_000
    model = RecipeSpec.parse("logistic-regression").fit(dataset, NoProgress())
    bundle = export_model(
        model,
        dataset,
        name="tweet-sentiment",
        recipe="logistic-regression",
        directory=tmp_path / "bundle",
        progress=NoProgress(),
    )
    answers = bundle.probabilities(dataset.test.texts).argmax(axis=1)
    assert (answers == dataset.test.labels).mean() > 0.73

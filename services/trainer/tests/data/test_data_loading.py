"""A data set is complete, or refused with what is missing; a limit bounds training rows only."""

import hashlib
import shutil

import numpy as np
import pytest

from trainer.data.loading import load_dataset
from trainer.data.sample import SAMPLE_PATH
from trainer.errors import DataError
from trainer.progress import NoProgress


@pytest.fixture(scope="module")
def source(tmp_path_factory, tweets, as_csv):
    path = tmp_path_factory.mktemp("loading") / "tweets.csv"
    path.write_text(as_csv(tweets), encoding="utf-8")
    return str(path)


def load(source, **options):
    return load_dataset(str(source), progress=NoProgress(), **options)[0]


def test_labels_are_indices_into_the_ordered_names(source, tweets):
    data = load(source)
    assert data.labels == ("negative", "neutral", "positive")
    assert (data.source, data.is_sample) == (source, False)
    truth = {tweet.text: tweet.label for tweet in tweets}
    parts = (data.train, data.validation, data.test)
    assert sum(map(len, parts)) == len(tweets)
    for part in parts:
        named = [data.labels[label] for label in part.labels]
        assert named == [truth[text] for text in part.texts]


def test_a_limit_takes_the_head_of_training_and_leaves_the_rest(source):
    whole, limited, more = load(source), load(source, limit=30), load(source, limit=60)
    assert limited.train.texts == whole.train.texts[:30] == more.train.texts[:30]
    assert sorted(set(limited.train.labels)) == [0, 1, 2]
    for name in ("fingerprint", "test_fingerprint", "labels"):
        assert getattr(limited, name) == getattr(whole, name)
    assert limited.test.texts == whole.test.texts
    assert limited.validation.texts == whole.validation.texts
    assert load(source, limit=10_000).train.texts == whole.train.texts


@pytest.mark.parametrize(
    ("limit", "message"),
    [(0, "limit on training rows is 0"), (-3, "give 1 or more"), (1, "1 training rows hold no")],
)
def test_a_limit_that_leaves_too_little_is_refused(source, limit, message):
    with pytest.raises(DataError, match=message):
        load(source, limit=limit)


def content(rows):
    return "text,label,split\n" + "".join(
        f"{text},{label},{split}\n" for text, label, split in rows
    )


SPLITS = ("train", "validation", "test")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([(f"t{n}", "sad", SPLITS[n % 3]) for n in range(30)], "one label 'sad': two are needed"),
        (
            [(f"t{n}", "sad" if n else "hapy", SPLITS[n % 3]) for n in range(30)],
            "has 1 of label 'hapy', the first on line 2: 10 are needed",
        ),
        (
            [(f"t{n}", ("sad", "happy")[n % 2], SPLITS[n % 4 // 2]) for n in range(40)],
            "the test split of .* is empty: .* mark some with 'test'",
        ),
        (
            [(f"t{n}", "happy" if n % 3 and n % 2 else "sad", SPLITS[n % 3]) for n in range(60)]
            + [("more", "happy", "validation")],
            "the train split of .* has no row of label 'happy'",
        ),
    ],
)
def test_too_little_to_train_on_is_refused(tmp_path, rows, message):
    path = tmp_path / "few.csv"
    path.write_text(content(rows))
    with pytest.raises(DataError, match=message) as caught:
        load(path)
    assert "\n" not in str(caught.value)


def test_test_fingerprint_follows_the_test_rows_only(tmp_path):
    rows = [(f"t{n}", ("sad", "happy")[n % 2], SPLITS[n % 3]) for n in range(60)]
    path = tmp_path / "a.csv"
    path.write_text(content(rows))
    before = load(path)
    path.write_text(content([*rows, ("one more", "sad", "train")]))
    trained_on_more = load(path)
    path.write_text(content([*rows, ("one more", "sad", "test")]))
    tested_on_more = load(path)
    assert before.test_fingerprint == trained_on_more.test_fingerprint
    assert before.fingerprint != trained_on_more.fingerprint
    assert before.test_fingerprint != tested_on_more.test_fingerprint


def test_fingerprint_can_be_computed_by_anyone(tmp_path):
    rows = [(f"té{n}", ("sad", "happy")[n % 2], SPLITS[n % 3]) for n in range(60)]
    path = tmp_path / "a.csv"
    path.write_text(content(rows), encoding="utf-8")
    written = sorted(
        "".join(f"{len(cell.encode())}:{cell}," for cell in row).encode() for row in rows
    )
    assert load(path).fingerprint == hashlib.sha256(b"".join(written)).hexdigest()


@pytest.mark.parametrize(
    ("texts", "languages"),
    [
        (("The flight was late and nobody knew why, number {}",), ("en",)),
        (("Le vol était en retard et personne ne savait pourquoi, numéro {}",), ("fr",)),
        (
            (
                "Le vol {} était encore en retard",
                "My flight {} was late again",
                "The crew of flight {} was lovely",
            ),
            ("en", "fr"),
        ),
        (("{}",), ("en",)),
    ],
)
def test_languages_are_guessed(tmp_path, texts, languages):
    path = tmp_path / "guess.csv"
    rows = [
        (
            texts[n % len(texts)].format(n).replace(",", ""),
            ("sad", "happy")[n // 3 % 2],
            SPLITS[n % 3],
        )
        for n in range(90)
    ]
    path.write_text(content(rows), encoding="utf-8")
    assert load(path).languages == languages


def test_languages_are_taken_from_their_column(tmp_path):
    path = tmp_path / "named.csv"
    lines = [
        f"t{n},{('sad', 'happy')[n % 2]},{SPLITS[n % 3]},{('NL', 'de', 'nl', '')[n % 4]}\n"
        for n in range(60)
    ]
    path.write_text("text,label,split,language\n" + "".join(lines))
    assert load(path).languages == ("nl", "de")


def test_the_sample(tmp_path):
    data, report = load_dataset("sample", progress=NoProgress())
    assert data.is_sample
    assert report.rows_read >= 900
    assert report.problems == ()
    assert report.rows_moved == 0
    assert len(data.test) >= 150
    assert data.labels == ("negative", "neutral", "positive")
    assert set(data.languages) == {"en", "fr"}
    assert load(SAMPLE_PATH).is_sample
    copy = shutil.copy(SAMPLE_PATH, tmp_path / "copy.csv")
    assert load(copy).fingerprint == data.fingerprint


def test_another_seed_leaves_other_rows_of_the_same_shares(source):
    whole, first = load(source), load(source, limit=60)
    second, again = load(source, limit=60, seed=2), load(source, limit=60, seed=2)

    assert second.train.texts == again.train.texts
    assert set(second.train.texts) != set(first.train.texts)
    assert set(second.train.texts) <= set(whole.train.texts)
    counts = [np.bincount(part.train.labels, minlength=3) for part in (first, second)]
    assert np.abs(counts[0] - counts[1]).max() <= 1
    assert (second.test.texts, second.fingerprint) == (whole.test.texts, whole.fingerprint)


def test_every_row_knows_its_line(source, tweets):
    data = load(source, limit=60, seed=2)
    written = [tweet.text for tweet in tweets]
    for part in (data.train, data.validation, data.test):
        # The first line of the file is the header, and each tweet takes one.
        assert [written[line - 2] for line in part.lines] == list(part.texts)


def test_every_row_knows_its_owner(source, tweets):
    data = load(source, limit=60, seed=2)
    user_of = {tweet.text: tweet.user for tweet in tweets}
    seen = {}
    for part in (data.train, data.validation, data.test):
        assert len(part.owners) == len(part)
        for text, owner in zip(part.texts, part.owners, strict=True):
            assert seen.setdefault(owner, user_of[text]) == user_of[text]
    assert len(seen) == len(set(seen.values()))

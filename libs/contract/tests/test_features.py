import json
import zlib

import numpy as np
import pytest

from contract.errors import BundleError, TextRefusedError
from contract.features import Analyser, FeatureEncoder, FeatureSpec, build_vocabulary
from contract.text.pipeline import StepSpec, TextSteps

WORDS = Analyser(unit="words", orders=(1, 1))
PAIRS = Analyser(unit="words", orders=(1, 2))
LOWER = TextSteps([StepSpec(name="lowercase")])


def encoder(*vocabulary: str, analyser: Analyser = WORDS, max_length: int = 8) -> FeatureEncoder:
    spec = FeatureSpec(analysers=(analyser,), vocabulary=vocabulary)
    return FeatureEncoder(spec, LOWER, max_length=max_length)


def pairs_of(encoded):
    return dict(zip(encoded.ids.tolist(), encoded.weights.tolist(), strict=True))


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("not bad :-) at all", ["not", "bad", ":-)", "at", "all"]),
        ("I'd say l’avion #late @user", ["I'd", "say", "l’avion", "#late", "@user"]),
        ("late!! <3 18:40", ["late", "!", "!", "<3", "18", ":", "40"]),
        ("飛行機 😍", ["飛行機", "😍"]),
    ],
)
def test_tweet_words(text, terms):
    assert list(WORDS.terms(text)) == terms


def test_pairs_come_after_words():
    assert list(PAIRS.terms("not bad at")) == ["not", "bad", "at", "not bad", "bad at"]


def test_character_terms_stay_within_words_and_differ_from_words():
    terms = list(Analyser(unit="characters", orders=(2, 3)).terms("ok a"))
    assert terms == ["\t o", "\tok", "\tk ", "\t ok", "\tok ", "\t a", "\ta ", "\t a "]


def test_vocabulary_ids_are_places_plus_one_and_weights_are_counts():
    (encoded,) = encoder("late", "crew", "never").encode(["Late late NEVER unheard"])
    assert pairs_of(encoded) == {1: 2.0, 3: 1.0}
    assert encoded.ids.dtype == np.int64
    assert encoded.weights.dtype == np.float32
    assert not encoded.truncated


@pytest.mark.parametrize("text", ["", " ", "unheard of"])
def test_a_text_without_known_terms_is_one_pad_id_of_no_weight(text):
    (encoded,) = encoder("late").encode([text])
    assert pairs_of(encoded) == {0: 0.0}


def test_too_many_terms_are_cut_to_the_first_ones_and_said_so():
    (encoded,) = encoder("a", "b", "c", max_length=2).encode(["c b a"])
    assert pairs_of(encoded) == {2: 1.0, 3: 1.0}
    assert encoded.truncated


def test_hashed_ids_follow_crc32_and_its_seed():
    def ids(seed: int) -> set[int]:
        spec = FeatureSpec(analysers=(WORDS,), hash_size=1_000, hash_seed=seed)
        (encoded,) = FeatureEncoder(spec, LOWER, max_length=8).encode(["late été"])
        return set(encoded.ids.tolist())

    assert ids(0) == {1 + zlib.crc32(term.encode()) % 1_000 for term in ("late", "été")}
    assert ids(7) == {1 + zlib.crc32(term.encode(), 7) % 1_000 for term in ("late", "été")}
    assert ids(0) != ids(7)


def test_terms_that_share_a_hash_add_up():
    spec = FeatureSpec(analysers=(WORDS,), hash_size=1)
    (encoded,) = FeatureEncoder(spec, LOWER, max_length=8).encode(["late late crew"])
    assert pairs_of(encoded) == {1: 3.0}
    assert spec.size == 2


def test_hashing_keeps_analysers_apart_when_asked():
    characters = Analyser(unit="characters", orders=(2, 2))
    spec = FeatureSpec(analysers=(WORDS, characters), hash_size=1_000, hash_apart=True)
    (encoded,) = FeatureEncoder(spec, LOWER, max_length=8).encode(["ok"])
    word, *pairs = (1 + zlib.crc32(t.encode()) % 1_000 for t in ("ok", "\t o", "\tok", "\tk "))
    assert encoded.ids.tolist() == sorted([word, *(1_000 + pair for pair in pairs)])
    assert spec.size == 2_001
    assert spec.groups()[encoded.ids].tolist() == [0, 1, 1, 1]


def test_a_hashed_spec_without_ranges_is_one_group():
    spec = FeatureSpec(analysers=(WORDS, PAIRS), hash_size=10)
    assert spec.groups().tolist() == [0] * 11


def test_terms_of_one_unit_are_a_group():
    characters = Analyser(unit="characters", orders=(2, 3))
    vocabulary = ("late", "\tla", "not bad", "\tate")
    mixed = FeatureSpec(analysers=(characters, WORDS), vocabulary=vocabulary)
    assert mixed.groups().tolist() == [0, 1, 0, 1, 0]
    words = FeatureSpec(analysers=(WORDS, PAIRS), vocabulary=("late", "not bad"))
    assert words.groups().tolist() == [0, 0, 0]


def test_a_features_file_from_before_hash_ranges_is_read(tmp_path):
    path = tmp_path / "features.json"
    path.write_text(
        '{"format_version": 1, "analysers": [{"unit": "words", "orders": [1, 2]}],'
        ' "vocabulary": null, "hash_size": 8, "hash_seed": 3}'
    )
    assert FeatureSpec.from_file(path).size == 9


def test_a_lone_surrogate_is_refused():
    with pytest.raises(TextRefusedError):
        encoder("late").encode(["late", "\udc00"])


def test_vocabulary_is_ordered_by_documents_then_spelling():
    texts = ["late late late", "crew on time", "crew late", "on"]
    assert build_vocabulary(texts, [WORDS], min_count=1, max_size=9) == (
        "crew",
        "late",
        "on",
        "time",
    )
    assert build_vocabulary(texts, [WORDS], min_count=2, max_size=2) == ("crew", "late")


def test_a_spec_survives_its_file(tmp_path):
    spec = FeatureSpec(analysers=(PAIRS,), vocabulary=("été", "not bad"))
    path = tmp_path / "features.json"
    path.write_text(spec.model_dump_json(), encoding="utf-8")
    assert FeatureSpec.from_file(path) == spec


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"hash_size": 8}, "either a vocabulary or a hash size"),
        ({"vocabulary": None}, "either a vocabulary or a hash size"),
        ({"format_version": 2}, "format_version"),
        ({"stemmer": "x"}, "stemmer"),
        ({"analysers": []}, "analysers"),
    ],
)
def test_a_bad_features_file_is_refused_with_the_reason(tmp_path, change, message):
    content = FeatureSpec(analysers=(WORDS,), vocabulary=("late",)).model_dump() | change
    path = tmp_path / "features.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(BundleError, match=message) as refusal:
        FeatureSpec.from_file(path)
    assert refusal.value.check == "features"


def test_the_share_of_unknown_terms_is_of_single_words_and_none_where_all_are_hashed():
    pairs = encoder("late", "late crew", "crew", analyser=PAIRS)
    assert pairs.unknown_share("Late crew unheard of") == 0.5
    assert pairs.unknown_share("") == 0.0
    hashed = FeatureEncoder(FeatureSpec(analysers=(WORDS,), hash_size=10), LOWER, max_length=8)
    assert hashed.unknown_share("unheard") is None

import sys
import threading
import unicodedata

import pytest
import snowballstemmer
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.errors import BundleError, TextRefusedError
from contract.text.pipeline import StepSpec, TextSteps
from contract.text.steps import STEPS
from contract.text.stop_words import NEGATIONS, STOP_WORDS, is_negation

EXAMPLES = [
    ("nfkc", {}, "ﬁrst ﬂight, Ｆｕｌｌ width", "first flight, Full width"),
    ("nfkc", {}, "caf" + "e\u0301", "caf\u00e9"),
    ("html-entities", {}, "rock &amp; roll &lt;3 &eacute;t&#233;", "rock & roll <3 été"),
    ("html-entities", {}, "a&nbsp;b c&#8206;d &nosuchthing; AT&T", "a b c d &nosuchthing; AT&T"),
    ("html-entities", {}, "&#xD800;", "\ufffd"),
    ("urls", {}, "see https://t.co/a?b=1 or www.example.fr now", "see http or http now"),
    ("mentions", {}, "@AirParadis help, mail a@b.example", "@user help, mail a@b.example"),
    ("elongations", {}, "soooo goood!!!!! oh... 1000 km", "soo good!! oh.. 1000 km"),
    (
        "emoji",
        {},
        "so happy 😍✈️!",
        "so happy  emoji_smiling_face_with_heart-eyes  emoji_airplane !",
    ),
    ("emoji", {}, "👩\u200d✈️ © 3", " emoji_woman_pilot   emoji_copyright  3"),
    ("lowercase", {}, "WHERE Is mY ÉTÉ", "where is my été"),
    ("stop-words", {}, "The crew was not there", "  crew   not  "),
    ("stop-words", {"language": "fr"}, "le vol n'est pas là", "  vol n'est pas là"),
    ("stems", {}, "Delayed flights, cancelled", "delay flight, cancel"),
    ("stems", {"language": "fr"}, "retards annulés", "retard annul"),
    ("lemmas", {}, "flights were delayed", "flight be delay"),
    ("lemmas", {"language": "fr"}, "les avions", "le avion"),
    ("spaces", {}, "a \t\n b\u00a0c", "a b c"),
]
SPECS = [StepSpec(name=name, version=version) for name, version in STEPS]
FRAGMENTS = [
    "@AirParadis",
    "https://t.co/x",
    "&amp;",
    "&#x1F600;",
    "&",
    "👩\u200d✈️",
    "🇫🇷",
    "\ufe0f",
    "\u200d",
    "\u0301",
    "\u0323",
    "\u1100\u1161",
    "ﬁ",
    "İ",
    "ΣΑΣ",
    "sooooo",
    "!!!!!",
    "don't",
    "l'équipage",
    "flights",
    " ",
    "\n",
    "e",
]
TWEETS = st.lists(st.one_of(st.sampled_from(FRAGMENTS), st.text(max_size=4)), max_size=12).map(
    "".join
)


def steps(*names: str) -> TextSteps:
    return TextSteps([StepSpec(name=name) for name in names])


@pytest.mark.parametrize(("name", "parameters", "text", "expected"), EXAMPLES)
def test_a_step_does_what_its_example_says(name, parameters, text, expected):
    assert TextSteps([StepSpec(name=name, parameters=parameters)]).apply(text) == expected


def test_every_step_has_an_example():
    assert {name for name, *_ in EXAMPLES} == {name for name, _ in STEPS}


@given(TWEETS)
@settings(deadline=None, max_examples=300)
def test_nfkc_of_the_parts_is_nfkc_of_the_whole(text):
    assert steps("nfkc").apply(text) == unicodedata.normalize("NFKC", text)


@pytest.mark.parametrize("frame", ["{}", "e{}x", "\u0301{}\u0301"])
def test_nfkc_holds_for_every_character(frame):
    characters = (chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000)
    text = " ".join(frame.format(character) for character in characters)
    assert steps("nfkc").apply(text) == unicodedata.normalize("NFKC", text)


@given(TWEETS, st.lists(st.sampled_from(SPECS), max_size=5))
@settings(deadline=None, max_examples=300)
def test_alignment_changes_no_text_and_stays_within_it(text, specs):
    pipeline = TextSteps(specs)
    aligned = pipeline.align(text)
    assert aligned.text == pipeline.apply(text)
    assert len(aligned.starts) == len(aligned.ends) == len(aligned.text)
    assert all(
        0 <= start < end <= len(text)
        for start, end in zip(aligned.starts, aligned.ends, strict=True)
    )
    assert list(aligned.starts) == sorted(aligned.starts)
    assert list(aligned.ends) == sorted(aligned.ends)
    assert [word.text for word in aligned.words()] == aligned.text.split()


def test_words_point_at_what_was_written():
    text = "Soooo &amp; @AirParadis 😍\nﬁne"
    aligned = steps("nfkc", "html-entities", "mentions", "elongations", "emoji", "lowercase").align(
        text
    )
    assert [(word.text, text[word.start : word.end]) for word in aligned.words()] == [
        ("soo", "Soooo"),
        ("&", "&amp;"),
        ("@user", "@AirParadis"),
        ("emoji_smiling_face_with_heart-eyes", "😍"),
        ("fine", "ﬁne"),
    ]


@pytest.mark.parametrize("language", sorted(STOP_WORDS))
def test_no_stop_word_is_a_negation_of_any_language(language):
    negations = frozenset.union(*NEGATIONS.values())
    assert not STOP_WORDS[language] & negations
    assert not [word for word in STOP_WORDS[language] if word.endswith(("n't", "n’t"))]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "not no never cannot n't don't didn’t isn't without nothing"),
        ("fr", "ne pas jamais rien aucun sans n'est n’a plus personne"),
    ],
)
def test_stop_words_leave_negations_alone(language, text):
    pipeline = TextSteps([StepSpec(name="stop-words", parameters={"language": language})])
    assert pipeline.apply(text) == text


@pytest.mark.parametrize("name", ["stems", "lemmas"])
@pytest.mark.parametrize(
    ("language", "text", "kept"),
    [
        ("en", "Didn't don’t nobody CANNOT", "didn't don’t nobody cannot"),
        ("fr", "n'est N’avais jamais personne", "n'est n’avais jamais personne"),
    ],
)
def test_the_second_version_leaves_negations_alone(name, language, text, kept):
    first, second = (
        TextSteps([StepSpec(name=name, version=version, parameters={"language": language})])
        for version in (1, 2)
    )
    assert second.apply(text) == kept
    assert first.apply(text) != kept  # what bundles of version 1 were trained on
    assert second.apply("Flights") == first.apply("flights")


@pytest.mark.parametrize(
    ("word", "negates"),
    [
        ("no", True),
        ("isn't", True),
        ("n’a", True),
        ("want", False),
        ("n'", False),
        ("n't", True),
        ("neat", False),
    ],
)
def test_negations_are_known(word, negates):
    assert is_negation(word) is negates


@pytest.mark.parametrize("name", [name for name, _ in STEPS])
def test_an_empty_text_stays_empty(name):
    assert steps(name).apply("") == ""


def test_a_lone_surrogate_is_refused_without_being_repeated():
    for method in (steps("nfkc").apply, steps("nfkc").align, TextSteps().apply):
        with pytest.raises(TextRefusedError, match="lone surrogate at character 6") as refusal:
            method("secret\ud83d")
        assert "secret" not in str(refusal.value)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (StepSpec(name="nfkc", version=2), "step 'nfkc' version 2 is not known"),
        (StepSpec(name="translate"), "step 'translate' version 1 is not known"),
        (StepSpec(name="stems", parameters={"language": "tlh"}), "'stems': language 'tlh'"),
    ],
)
def test_an_unknown_step_is_refused_by_name(spec, message):
    with pytest.raises(BundleError, match=message) as refusal:
        TextSteps([spec])
    assert refusal.value.check == "text-steps"


def test_stems_are_right_when_threads_share_them():
    words = [f"{letter}un{other}ingly" for letter in "bcdfg" for other in "bcdfghjklmnp"]
    alone = snowballstemmer.stemmer("english")
    expected = " ".join(alone.stemWord(word) for word in words)
    results: list[str] = []
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(10):  # a fresh pipeline each time, since it remembers its stems
            pipeline = steps("stems")
            start = threading.Barrier(4)

            def stem(pipeline=pipeline, start=start):
                start.wait()
                results.append(pipeline.apply(" ".join(words)))

            threads = [threading.Thread(target=stem) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert results == [expected] * 40

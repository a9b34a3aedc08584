"""Words of raw texts by their offsets, and texts without some of them."""

from itertools import pairwise

import emoji
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.explanation.words import grouped, text_of, word_spans

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"


def words_of(text):
    return [text[start:end] for start, end in word_spans(text)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", []),
        ("late", ["late"]),
        ("  late\tagain\n", ["late", "again"]),
        ("don't @me https://t.co/x?a=1 #fail!", ["don't", "@me", "https://t.co/x?a=1", "#fail!"]),
        ("great\u2764\ufe0f\u2764\ufe0fcrew", ["great", "\u2764\ufe0f", "\u2764\ufe0f", "crew"]),
        (f"so {FAMILY}!", ["so", FAMILY, "!"]),
        ("d\u00e9j\u00e0 vu\u00a0encore", ["d\u00e9j\u00e0", "vu", "encore"]),
        ("emoji_red_heart", ["emoji_red_heart"]),
        ("  \u3000", ["  \u3000"]),
        ("\0", ["\0"]),
    ],
)
def test_words_are_found_in_the_raw_text(text, words):
    assert words_of(text) == words


def test_every_emoji_is_one_word():
    every = list(emoji.EMOJI_DATA)
    found = words_of("x".join(every))
    assert found[::2] == every
    assert set(found[1::2]) == {"x"}


@pytest.mark.parametrize(
    ("coalition", "left"),
    [
        (0b00000, ""),
        (0b11111, " I am\u2764late  again. "),
        (0b00001, " I"),
        (0b10001, " I again. "),
        (0b01010, "am late"),
        (0b00110, "am\u2764"),
        (0b11011, " I am late  again. "),
        (0b10000, "again. "),
    ],
)
def test_neighbours_keep_what_is_between_them_and_others_do_not_grow_together(coalition, left):
    text = " I am\u2764late  again. "
    assert text_of(text, word_spans(text), coalition) == left


@given(st.text(max_size=60))
@settings(deadline=None)
def test_all_words_are_the_text_and_none_is_nothing(text):
    spans = word_spans(text)
    assert text_of(text, spans, (1 << len(spans)) - 1) == text
    assert text_of(text, spans, 0) == ""
    assert all(start < end for start, end in spans)
    assert sorted(spans) == spans
    for place, (start, end) in enumerate(spans):
        assert text[start:end] in text_of(text, spans, 1 << place)


@given(st.integers(0, 300), st.integers(1, 70))
@settings(deadline=None)
def test_groups_are_of_neighbours_alike_in_size(count, most):
    spans = [(3 * place, 3 * place + 2) for place in range(count)]
    groups = grouped(spans, most)
    assert len(groups) == min(count, most)
    sizes = [sum(start <= at < end for at, _ in spans) for start, end in groups]
    assert sum(sizes) == count
    assert not sizes or max(sizes) - min(sizes) <= 1
    assert all(end <= start for (_, end), (start, _) in pairwise(groups))

import json

import pytest
from tokenizers import Tokenizer

from contract.encoding import TokenEncoder
from contract.text.pipeline import StepSpec, TextSteps
from trainer.neural.word_level import PAD_ID, UNKNOWN_ID, frequent_words, word_level_tokenizer

STEPS = TextSteps([StepSpec(name="lowercase")])
TEXTS = ["Late again :(", "late AGAIN, don't ask", "great crew :)", "Great #crew", "great"]


PREPARED = [STEPS.apply(text) for text in TEXTS]


@pytest.fixture(scope="module")
def tokenizer():
    return word_level_tokenizer(frequent_words(PREPARED, min_count=1, max_size=100))


@pytest.fixture(scope="module")
def encoder(tokenizer):
    copy = Tokenizer.from_str(tokenizer.to_str())
    return TokenEncoder(copy, STEPS, pad_id=PAD_ID, unknown_id=UNKNOWN_ID, max_length=8)


def test_words_emoticons_and_signs_are_kept(tokenizer):
    assert tokenizer.encode("late, don't :( #crew").tokens == ["late", ",", "don't", ":(", "#crew"]


def test_most_frequent_word_comes_first_after_the_reserved_ids(tokenizer):
    assert [tokenizer.token_to_id(word) for word in ("[PAD]", "[UNK]", "great")] == [0, 1, 2]


def test_rare_words_are_unknown():
    tokenizer = word_level_tokenizer(frequent_words(PREPARED, min_count=2, max_size=2))
    assert tokenizer.get_vocab_size() == 4
    assert tokenizer.encode("great ask").ids == [2, UNKNOWN_ID]


def test_no_text_can_name_the_padding(encoder):
    (encoded,) = encoder.encode(["[PAD] great [UNK]"])
    assert PAD_ID not in encoded.ids


def test_empty_text_is_one_unknown_word(encoder):
    assert encoder.encode([""])[0].ids.tolist() == [UNKNOWN_ID]


def test_long_texts_are_cut_and_say_so(encoder):
    (encoded,) = encoder.encode(["great " * 9])
    assert encoded.ids.size == 8
    assert encoded.truncated


def test_file_has_no_padding_or_truncation(tokenizer):
    content = json.loads(tokenizer.to_str())
    assert content["padding"] is None
    assert content["truncation"] is None

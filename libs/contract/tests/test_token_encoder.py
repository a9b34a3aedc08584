import pytest
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from contract.encoding import TokenEncoder
from contract.errors import TextRefusedError
from contract.text.pipeline import StepSpec, TextSteps

LOWER = TextSteps([StepSpec(name="lowercase")])


def word_encoder(tokenizer: Tokenizer, max_length: int = 4) -> TokenEncoder:
    return TokenEncoder(tokenizer, LOWER, pad_id=0, unknown_id=1, max_length=max_length)


@pytest.fixture
def framed() -> TokenEncoder:
    """WordPiece between [CLS] and [SEP], as BERT has it; at most five ids."""
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "late", "##r", "a", "[", "]", "pad", "sep"]
    tokenizer = Tokenizer(
        models.WordPiece({piece: place for place, piece in enumerate(pieces)}, unk_token="[UNK]")
    )
    tokenizer.add_special_tokens(pieces[:4])
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return TokenEncoder(tokenizer, LOWER, pad_id=0, unknown_id=1, max_length=5)


def ids(encoder: TokenEncoder, text: str) -> list[int]:
    return encoder.encode([text])[0].ids.tolist()


def test_steps_come_before_the_tokenizer(tokenizer, word_ids):
    (encoded,) = word_encoder(tokenizer).encode(["NEVER again nowhere"])
    assert encoded.ids.tolist() == [word_ids["never"], word_ids["again"], 1]
    assert encoded.weights is None
    assert not encoded.truncated


@pytest.mark.parametrize("text", ["", "  \n"])
def test_an_empty_text_is_one_unknown_token(tokenizer, framed, text):
    assert ids(word_encoder(tokenizer), text) == [1]
    assert ids(framed, text) == [2, 1, 3]


def test_no_text_can_name_a_special_token(tokenizer, framed, word_ids):
    assert ids(word_encoder(tokenizer), "happy [PAD] bad") == [
        word_ids["happy"],
        1,
        word_ids["bad"],
    ]
    plain = TokenEncoder(tokenizer, TextSteps(), pad_id=0, unknown_id=1, max_length=4)
    assert ids(plain, "[PAD]") == [1]
    assert ids(framed, "[PAD]") == [2, 7, 9, 8, 3]
    assert ids(framed, "[SEP]") == [2, 7, 10, 8, 3]


def test_a_long_text_is_cut_and_said_so(tokenizer, framed, word_ids):
    (fits,) = word_encoder(tokenizer, 3).encode(["a bad refund"])
    (cut,) = word_encoder(tokenizer, 3).encode(["a bad refund again"])
    assert fits.ids.tolist() == cut.ids.tolist() == [word_ids[w] for w in ("a", "bad", "refund")]
    assert not fits.truncated
    assert cut.truncated
    assert ids(framed, "later a a a a") == [2, 4, 5, 6, 3]


def test_settings_of_the_file_neither_pad_nor_cut(tokenizer, tmp_path, word_ids):
    tokenizer.enable_padding(length=9)
    tokenizer.enable_truncation(1)
    path = tmp_path / "tokenizer.json"
    tokenizer.save(str(path))
    encoder = TokenEncoder.from_file(path, LOWER, pad_id=0, unknown_id=1, max_length=4)
    assert ids(encoder, "a bad") == [word_ids["a"], word_ids["bad"]]


def test_one_lone_surrogate_refuses_the_call(tokenizer):
    with pytest.raises(TextRefusedError, match="lone surrogate at character 4"):
        word_encoder(tokenizer).encode(["fine", "bad \ud800"])


def test_no_texts_give_no_ids(tokenizer):
    assert word_encoder(tokenizer).encode([]) == []


def test_the_share_of_unknown_tokens_leaves_special_ones_out(tokenizer, framed):
    words = word_encoder(tokenizer)
    assert words.unknown_share("never nowhere AGAIN unheard") == 0.5
    assert words.unknown_share("never") == words.unknown_share("") == 0.0
    assert framed.unknown_share("later xyz") == pytest.approx(1 / 3)

"""The word-level `tokenizers` file of recurrent and dense nets."""

from collections.abc import Sequence

from tokenizers import Regex, Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Split

from contract.features import TWEET_WORDS, Analyser, build_vocabulary

PAD, UNKNOWN = "[PAD]", "[UNK]"
PAD_ID, UNKNOWN_ID = 0, 1
WORDS = Analyser(unit="words", orders=(1, 1))


def frequent_words(prepared: Sequence[str], *, min_count: int, max_size: int) -> tuple[str, ...]:
    """The words of the training texts, most frequent first.

    Args:
        prepared: the texts after their text steps.
        min_count: texts a word must occur in.
        max_size: the most words.
    """
    return build_vocabulary(prepared, (WORDS,), min_count=min_count, max_size=max_size)


def word_level_tokenizer(words: Sequence[str]) -> Tokenizer:
    """A tokenizer of these words, whose ids begin at 2; padding is 0, unknown words are 1.

    It cuts texts as the bag-of-words models do: emoticons stay whole, every other sign is a word.
    """
    # `TWEET_WORDS` cuts "[PAD]" into three, so that no word of a text takes a reserved name.
    vocabulary = {word: index for index, word in enumerate((PAD, UNKNOWN, *words))}
    tokenizer = Tokenizer(WordLevel(vocabulary, unk_token=UNKNOWN))
    tokenizer.pre_tokenizer = Split(Regex(TWEET_WORDS.pattern), behavior="removed", invert=True)
    return tokenizer

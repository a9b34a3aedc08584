"""The word-level `tokenizers` file of recurrent nets."""

from collections.abc import Sequence

from tokenizers import Regex, Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Split

from contract.features import TWEET_WORDS, Analyser, build_vocabulary
from contract.text.pipeline import TextSteps

PAD, UNKNOWN = "[PAD]", "[UNK]"
PAD_ID, UNKNOWN_ID = 0, 1
WORDS = Analyser(unit="words", orders=(1, 1))


def build_word_level(
    texts: Sequence[str], steps: TextSteps, *, min_count: int, max_size: int
) -> Tokenizer:
    """A tokenizer that knows the words of the training texts; padding is 0, unknown words are 1.

    It cuts texts as the bag-of-words models do: emoticons stay whole, every other sign is a word.

    Args:
        texts: raw training texts.
        steps: applied before anything is counted.
        min_count: texts a word must occur in.
        max_size: the most words, most frequent first.
    """
    prepared = (steps.apply(text) for text in texts)
    words = build_vocabulary(prepared, (WORDS,), min_count=min_count, max_size=max_size)
    # `TWEET_WORDS` cuts "[PAD]" into three, so that no word of a text takes a reserved name.
    vocabulary = {word: index for index, word in enumerate((PAD, UNKNOWN, *words))}
    tokenizer = Tokenizer(WordLevel(vocabulary, unk_token=UNKNOWN))
    tokenizer.pre_tokenizer = Split(Regex(TWEET_WORDS.pattern), behavior="removed", invert=True)
    return tokenizer

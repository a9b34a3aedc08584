"""What recipes that read words share: how a text is prepared, as far as users may set it."""

from collections.abc import Collection, Sequence
from typing import Literal

from pydantic import Field

from contract.text.pipeline import StepSpec, TextSteps
from contract.text.steps import LEMMA_LANGUAGES, SNOWBALL
from contract.text.stop_words import STOP_WORDS
from trainer.errors import TrainerError
from trainer.recipes.base import Settings

PREPARED = ("nfkc", "html-entities", "urls", "mentions", "elongations", "lowercase")


class WordSettings(Settings):
    """What a user may set for any recipe that reads words."""

    normalisation: Literal["none", "stem", "lemma"] = Field(
        default="none", description="what words become: Snowball stems, or simplemma's lemmas"
    )
    stop_words: Literal["keep", "drop"] = Field(
        default="keep", description="words without sentiment; negations always stay"
    )


def word_steps(settings: WordSettings, languages: Sequence[str]) -> TextSteps:
    """The text steps that these settings ask for.

    Stop words, stems and lemmas are those of each language in turn, most frequent first. Emoji get
    their names last: a name such as `emoji_face_with_tears_of_joy` is one word, whose parts are
    neither stop words nor to be stemmed.

    Args:
        settings: what the user set.
        languages: ISO 639-1 codes of the data set, most frequent first.

    Raises:
        TrainerError: there is no such word list, stemmer or lemmatiser for one of the languages.
    """
    specs = [StepSpec(name=name) for name in PREPARED]
    if settings.stop_words == "drop":
        _check("stop_words=drop", "list of stop words", languages, STOP_WORDS)
        specs += _steps_of("stop-words", 1, languages)
    if settings.normalisation == "stem":
        _check("normalisation=stem", "stemmer", languages, SNOWBALL)
        specs += _steps_of("stems", 2, languages)
    elif settings.normalisation == "lemma":
        _check("normalisation=lemma", "lemmatiser", languages, LEMMA_LANGUAGES)
        specs += _steps_of("lemmas", 2, languages)
    return TextSteps([*specs, StepSpec(name="emoji")])


def _steps_of(name: str, version: int, languages: Sequence[str]) -> list[StepSpec]:
    return [
        StepSpec(name=name, version=version, parameters={"language": language})
        for language in languages
    ]


def _check(setting: str, what: str, languages: Sequence[str], known: Collection[str]) -> None:
    missing = [language for language in languages if language not in known]
    if missing:
        raise TrainerError(
            f"{setting}: there is no {what} here for {', '.join(missing)}, only for "
            f"{', '.join(sorted(known))}: leave it out, or mend the column named language"
        )

"""Windows of texts, as they are counted."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from inference.drift.comparison import Group
from inference.drift.features import GROUP_TEXTS, Observation, counts_of, word_buckets
from inference.language import guess_language

ENGLISH = """the flight was late again and i am not happy with your crew thank you for a lovely trip
@united when will my bag get here it is still lost at the gate we had such good seats on this plane
http://t.co/x why do you never answer""".split()
FRENCH = """le vol est encore en retard et je ne suis pas content de votre équipe merci pour ce beau
voyage @airfrance quand est ce que ma valise arrive elle est toujours perdue à la porte nous avions
de si bonnes places dans cet avion http://t.co/x pourquoi ne répondez vous jamais""".split()


@pytest.fixture(scope="session")
def observed():
    """What is counted of a text; the label and its probability may be given."""

    def observe(text, label="negative", confidence=0.8):
        words, buckets = word_buckets(text)
        return Observation(
            label=label,
            confidence=confidence,
            length=words + 2,
            words=words,
            unknown=0.0,
            language=guess_language(text),
            buckets=buckets,
        )

    return observe


@pytest.fixture(scope="session")
def grouped():
    """Observations as groups, a minute apart."""

    def group(observations, start=datetime(2026, 3, 2, tzinfo=UTC)):
        return [
            Group(start + timedelta(minutes=place), counts_of(observations[at : at + GROUP_TEXTS]))
            for place, at in enumerate(range(0, len(observations) - GROUP_TEXTS + 1, GROUP_TEXTS))
        ]

    return group


@pytest.fixture(scope="session")
def window(observed, grouped):
    """Groups of generated traffic."""

    def make(random, texts, *, words=ENGLISH, length=12.0, negative=0.6, confidence=(4, 2)):
        made = []
        for count in random.poisson(length, texts):
            text = " ".join(random.choice(words, max(count, 1)))
            label = "negative" if random.random() < negative else "positive"
            made.append(observed(text, label, float(0.5 + random.beta(*confidence) / 2)))
        return grouped(made)

    return make


@pytest.fixture(scope="session")
def french():
    return FRENCH


@pytest.fixture
def random():
    return np.random.default_rng(11)

"""A base data set that lacks a way of speaking which its test rows have, and what teaches it."""

import csv
import random

import pytest

COLUMNS = ("text", "label", "split")
KNOWN = {"positive": ("lovely", "superb", "kind"), "negative": ("awful", "rude", "dirty")}
NEW = {"positive": ("zesty", "gnarly", "boss"), "negative": ("manky", "naff", "grotty")}
THINGS = "crew seat meal flight lounge boarding steward cabin gate landing app service".split()
PLACES = "Lyon Oslo Porto Cairo Riga Nice Malta Bari Kiel Turku Basel Split Faro Bergen".split()


@pytest.fixture(scope="session")
def say():
    """A function that makes rows `(text, label, split)`, all different, in old or new words."""

    def rows(words, split, count, seed):
        rng = random.Random(f"{split} {seed}")
        every = [
            (f"the {thing} to {place} was {word} on day {day}", label, split)
            for label, said in words.items()
            for word in said
            for thing in THINGS
            for place in PLACES
            for day in range(1, 8)
        ]
        return rng.sample(every, count)

    return rows


@pytest.fixture(scope="session")
def write():
    """A function that writes rows as CSV."""

    def to(path, rows):
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([COLUMNS, *rows])
        return path

    return to


@pytest.fixture(scope="session")
def base_rows(say):
    """Training rows in the old words alone; a tenth of the others are in the new ones."""
    known = [
        *say(KNOWN, "train", 600, 0),
        *say(KNOWN, "validation", 270, 1),
        *say(KNOWN, "test", 360, 2),
    ]
    return [*known, *say(NEW, "validation", 30, 3), *say(NEW, "test", 40, 4)]


@pytest.fixture(scope="session")
def new_rows(say):
    """Training rows in the new words."""
    return say(NEW, "train", 300, 5)

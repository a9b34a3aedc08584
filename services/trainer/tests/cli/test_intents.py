"""Labels other than sentiments: an intent classifier of French questions, by the same commands."""

import csv
import json
import random

import pytest
from typer.testing import CliRunner

from trainer.cli import app

OPENINGS = ["", "", "", "bonjour, ", "dis-moi, ", "excusez-moi, ", "petite question : ", "euh "]
CLOSINGS = ["", " ?", "?", " ??", " svp", " s'il te plaît ?", ", merci", " stp"]
PEOPLE = """Marie Curie|Victor Hugo|la directrice|le nouveau stagiaire|ton chef|Amélie Poulain|
    Zinédine Zidane|le maire de Lyon|cette dame|Léa|monsieur Durand|l'hôtesse du vol 12""".split(
    "|"
)
TOPICS = """la météorologie|le droit du travail|les moteurs d'avion|Python|la cuisine thaïe|
    l'histoire romaine|les réseaux de neurones|le jardinage|la comptabilité|Excel|les bagages|
    la réglementation aérienne|le piano""".split("|")
INTENTS = {
    "comment-ça-va": [
        "comment {vas_tu}{today}",
        "ça va {well}{today}",
        "tu vas {well}{today}",
        "vous allez {well}{today}",
        "comment tu te sens{today}",
        "la forme{today}",
        "quoi de neuf{today}",
        "comment se passe {day}",
        "est-ce que tout va {well}{today}",
        "la santé, ça suit{today}",
    ],
    "qui-connaît": [
        "qui {knows} {topic}",
        "qui est-ce qui {knows} {topic}",
        "y a-t-il quelqu'un qui {knows} {topic}",
        "à qui parler pour {topic}",
        "quelqu'un {knows} {topic}",
        "je cherche une personne qui {knows} {topic}",
        "qui pourrait m'aider avec {topic}",
        "qui est l'expert pour {topic}",
    ],
    "qui-est": [
        "qui est {person}",
        "c'est qui {person}",
        "{person}, c'est qui",
        "qui c'est {person}",
        "tu peux me dire qui est {person}",
        "parle-moi de {person}",
        "que fait {person} dans la vie",
        "est-ce que tu connais {person}",
        "j'aimerais savoir qui est {person}",
    ],
}
WORDS = {
    "vas_tu": ["vas-tu", "allez-vous", "ça va", "va la vie", "tu vas", "va"],
    "well": ["bien", "mieux", "comme tu veux", "très bien"],
    "today": ["", "", " aujourd'hui", " ce matin", " depuis hier", " en ce moment"],
    "day": ["ta journée", "votre semaine", "la reprise", "ton lundi"],
    "knows": ["s'y connaît en", "connaît", "maîtrise", "sait tout sur", "a déjà travaillé sur"],
    "topic": [topic.strip() for topic in TOPICS],
    "person": [person.strip() for person in PEOPLE],
}


def question(template, draw):
    """A question of this wording, sometimes in capitals or with a slip of the keyboard."""
    said = template.format(**{name: draw.choice(words) for name, words in WORDS.items()})
    said = draw.choice(OPENINGS) + said + draw.choice(CLOSINGS)
    if draw.random() < 0.1:
        place = draw.randrange(len(said))
        said = said[:place] + said[place + 1 :]
    return draw.choice((said, said.capitalize(), said.upper()) if draw.random() < 0.5 else (said,))


def questions(each, seed=0):
    """Different questions, so many of each intent: rows of label and text."""
    draw = random.Random(seed)
    rows = {}
    for label, templates in INTENTS.items():
        found = {}
        while len(found) < each:
            said = question(draw.choice(templates), draw)
            found[" ".join(said.casefold().split())] = said
        rows |= dict.fromkeys(found.values(), label)
    return [(label, text) for text, label in rows.items()]


@pytest.fixture
def source(tmp_path):
    """A function that writes rows as a file of label and text."""

    def write(rows, header=("label", "text")):
        path = tmp_path / "questions.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([header, *rows])
        return str(path)

    return write


def test_intents_are_learned_like_sentiments(tracking, source):
    arguments = ("train", "logistic-regression", "naive-bayes", "--data", source(questions(130)))
    result = CliRunner().invoke(app, [*arguments, "--name", "intents", "--json"])
    assert result.exit_code == 0, result.output
    for version in json.loads(result.stdout):
        assert version["name"] == "intents"
        assert version["test"]["accuracy"] >= 0.94
        assert version["validation"]["accuracy"] >= 0.94


def split_rows(splits):
    """Thirty questions of each intent; those of the last only in these splits."""
    rows = questions(30)
    return [
        (label, text, ("train", "validation", "test")[place % 3])
        if label != "qui-est"
        else (label, text, splits[place % len(splits)])
        for place, (label, text) in enumerate(rows)
    ]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (questions(130)[:130], "has the one label 'comment-ça-va': two are needed"),
        (questions(130)[:269], "has 9 of label 'qui-est', the first on line 262: 10 are needed"),
        (split_rows(["train", "test"]), "the validation split of .* has no row of label 'qui-est'"),
        (split_rows(["train", "validation"]), "the test split of .* has no row of label 'qui-est'"),
        (split_rows(["test"]), "the train split of .* has no row of label 'qui-est'"),
    ],
    ids=["one class", "nine examples", "not in validation", "not in test", "not in train"],
)
def test_too_few_examples_are_one_line(tracking, source, rows, message):
    from trainer.errors import DataError

    path = source(rows, ("label", "text", "split")[: len(rows[0])])
    result = CliRunner().invoke(app, ["train", "naive-bayes", "--data", path])
    assert result.exit_code == 1
    with pytest.raises(DataError, match=message) as caught:
        raise result.exception
    assert "\n" not in str(caught.value)

"""The card and the plots, and the command that makes them."""

import math

import polars as pl
import pytest
from matplotlib.image import imread
from typer.testing import CliRunner

from trainer.data.card import describe
from trainer.data.commands import app
from trainer.data.times import parse_times
from trainer.data.words import distinctive_words
from trainer.errors import DataError

PLOTS = ("labels.png", "lengths.png", "problems.png", "words.png")


def run(*arguments):
    return CliRunner().invoke(app, ["describe", *map(str, arguments)], env={"COLUMNS": "120"})


def test_describe_prints_a_card_and_writes_plots(tmp_path):
    result = run("sample", "--out", tmp_path / "card")
    assert result.exception is None, result.output
    for expected in ("Data card of sample", "en, fr", "Air Paradis", "2026-03", "Distinctive"):
        assert expected in result.output
    assert {path.name for path in (tmp_path / "card").iterdir()} == {*PLOTS, "card.txt"}
    assert "Data card of sample" in (tmp_path / "card" / "card.txt").read_text(encoding="utf-8")
    for name in PLOTS:
        pixels = imread(tmp_path / "card" / name)
        assert pixels[..., :3].std() > 0.05, f"{name} is blank"


def test_describe_shows_the_card_of_a_data_set_that_is_too_small(tmp_path):
    path = tmp_path / "small.csv"
    path.write_text("text,label\n" + "one,happy,3\nfine,happy\n$odd_1$,sad\n")
    result = run(path, "--out", tmp_path)
    assert isinstance(result.exception, DataError)
    assert "10 are needed" in str(result.exception)
    assert "wrong number of columns" in result.output
    assert (tmp_path / "words.png").exists()


def test_markup_in_a_tweet_is_not_the_terminals(tmp_path):
    path = tmp_path / "[bold]markup.csv"
    path.write_text("text,label,airline\none,[red]happy[/red],[/oops]\nfine,sad,\n")
    result = run(path, "--out", tmp_path)
    assert isinstance(result.exception, DataError)
    assert "[red]happy[/red]" in result.output
    assert "[/oops] 1" in result.output


def test_figures_of_the_card(rows_of):
    card = describe(
        rows_of(
            "text,label,user,created_at,airline\n"
            "a b c,sad,Ann,2026-03-02T00:55:25Z,X\n"
            "d e,sad,ann,2026-03-01T00:55:25+02:00,Y\n"
            "f,happy,ben,yesterday,X\n"
            "g,happy,,,\n"
        )
    )
    assert (card.users, card.untimed) == (2, 1)
    assert card.airlines == {"X": 2, "Y": 1}
    assert [f"{moment:%d %H:%M}" for moment in card.times] == ["28 22:55", "02 00:55"]
    assert card.lengths.words == (1, 2, 3)
    assert card.lengths.characters == (1, 3, 5)
    assert sum(card.rows.values()) == 4


def test_times_of_every_known_source():
    written = pl.Series(
        "created_at",
        [
            "2009-04-07T05:27:50Z",
            "2009-04-07T07:27:50.000+02:00",
            "2009-04-06 22:27:50 -0700",
            "2009-04-07 05:27:50",
            "Mon Apr 06 22:27:50 PDT 2009",
            "Tue Apr 07 05:27:50 UTC 2009",
            "Tue Apr 07 05:27:50 +0000 2009",
            "once upon a time",
            None,
        ],
    )
    moments = parse_times(written).to_list()
    assert {f"{moment:%Y-%m-%dT%H:%M:%S%z}" for moment in moments[:7]} == {
        "2009-04-07T05:27:50+0000"
    }
    assert moments[7:] == [None, None]


def test_distinctive_words_are_the_labels_own():
    texts = ["late again, not good http://x.fr/late", "Late bus @late"] * 20
    others = ["good seat &amp; good crew", "the crew is here"] * 20
    frame = pl.DataFrame({"text": texts + others, "label": ["sad"] * 40 + ["happy"] * 40})
    words = distinctive_words(frame, 6)
    assert [word.word for word in words["sad"]][:1] == ["late"]
    assert words["sad"][0].rows == 40
    assert [word.word for word in words["happy"]][:1] == ["crew"]
    assert "not" in {word.word for word in words["sad"]}
    everything = {word.word for label in words.values() for word in label}
    assert everything.isdisjoint({"the", "is", "http", "amp", "fr"})


def test_log_odds_against_a_count_by_hand():
    frame = pl.DataFrame({"text": ["up", "up", "up", "down"], "label": ["a", "a", "b", "b"]})
    best = distinctive_words(frame, 1)["a"][0]
    # Monroe et al.: prior of "up" is 1000 * 3 / 4; log-odds over the root of the summed variances.
    here, elsewhere = 2 + 750, 1 + 750
    log_odds_ratio = pytest.approx(
        math.log((here / (2 + 1000 - here)) / (elsewhere / (2 + 1000 - elsewhere)))
        / (1 / here + 1 / elsewhere) ** 0.5
    )
    assert (best.word, best.score) == ("up", log_odds_ratio)

"""Whatever is wrong with a row, it is counted once, under its line, and costs no other row."""

import csv
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer.data.cleaning import normalise
from trainer.data.loading import load_rows
from trainer.data.records import LINES_PER_BLOCK
from trainer.data.report import ProblemKind
from trainer.progress import NoProgress

GOOD = "good {},sad\n"


def report_of(rows):
    return {problem.kind: (problem.rows, problem.lines) for problem in rows.report.problems}


@pytest.mark.parametrize(
    ("bad", "kind"),
    [
        (b"one,two,three\n", ProblemKind.WRONG_WIDTH),
        (b"one\n", ProblemKind.WRONG_WIDTH),
        (b'"closed" too early,sad\n', ProblemKind.UNREADABLE),
        (b'"never closed,sad\n', ProblemKind.UNREADABLE),
        (b"a lone \r return,sad\n", ProblemKind.UNREADABLE),
        pytest.param(
            b"x" * (csv.field_size_limit() + 1) + b",sad\n", ProblemKind.UNREADABLE, id="huge"
        ),
        (b"caf\xe9,sad\n", ProblemKind.UNDECODABLE),
        (b'"\xff never closed,sad\n', ProblemKind.UNDECODABLE),
        (b"half of one \xed\xa0\xbd,sad\n", ProblemKind.UNDECODABLE),
        (b"no label,  \n", ProblemKind.MISSING_LABEL),
        (b" \xc2\xa0\xe3\x80\x80,sad\n", ProblemKind.EMPTY_TEXT),
        (b",sad\n", ProblemKind.EMPTY_TEXT),
        (b"GOOD  1,sad\n", ProblemKind.DUPLICATE),
    ],
)
@pytest.mark.parametrize("before", [2, LINES_PER_BLOCK - 1, LINES_PER_BLOCK])
def test_one_bad_row_is_counted_with_its_line(rows_of, bad, kind, before):
    good = [GOOD.format(n).encode() for n in range(before + 3)]
    rows = rows_of(b"text,label\n" + b"".join([*good[:before], bad, *good[before:]]))
    count, lines = report_of(rows).pop(kind)
    assert (count, rows.report.rows_read) == (1, before + 4)
    assert rows.report.rows_kept == len(good)
    # Of two equal texts either may be the one dropped.
    assert lines in ({(before + 2,), (3,)} if kind is ProblemKind.DUPLICATE else {(before + 2,)})
    assert len(rows.report.problems) == 1


def test_a_bad_byte_in_a_record_of_several_lines(rows_of):
    rows = rows_of(b'text,label\na,sad\n"two\ncaf\xe9 lines",sad\nb,sad\n')
    assert report_of(rows) == {ProblemKind.UNDECODABLE: (1, (3,))}


def test_blank_lines_are_not_rows(rows_of):
    rows = rows_of("text,label\n\na,sad\n\r\nb,sad\n\n")
    assert (rows.report.rows_read, rows.report.problems) == (2, ())
    assert rows.frame["line"].sort().to_list() == [3, 5]


def test_many_unclosed_quotes_cost_their_own_lines_only(rows_of):
    lines = ['"open {},sad\n' if n % 3 == 0 else GOOD for n in range(300)]
    content = "text,label\n" + "".join(line.format(n) for n, line in enumerate(lines))
    rows = rows_of(content)
    assert report_of(rows) == {ProblemKind.UNREADABLE: (100, (2, 5, 8, 11, 14))}
    assert rows.report.rows_kept == 200


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ('{"text": "cut off', ProblemKind.UNREADABLE),
        ("[1, 2]", ProblemKind.UNREADABLE),
        ('{"text": 7, "label": "sad"}', ProblemKind.UNREADABLE),
        ('{"text": "a", "label": ["sad"]}', ProblemKind.UNREADABLE),
        pytest.param("[" * 100_000, ProblemKind.UNREADABLE, id="deep"),
        ('{"text": "a"}', ProblemKind.WRONG_WIDTH),
        ('{"text": "a", "label": null}', ProblemKind.MISSING_LABEL),
        ('{"text": null, "label": "sad"}', ProblemKind.EMPTY_TEXT),
        ('{"text": "half \\ud83d", "label": "sad"}', ProblemKind.UNDECODABLE),
        (b'{"text": "caf\xe9", "label": "sad"}', ProblemKind.UNDECODABLE),
    ],
)
def test_bad_json_lines(rows_of, line, kind):
    raw = line if isinstance(line, bytes) else line.encode()
    good = [json.dumps({"text": f"good {n}", "label": "sad"}).encode() for n in range(3)]
    rows = rows_of(b"\n".join([good[0], b"", raw, good[1], good[2]]), "tweets.jsonl")
    assert report_of(rows) == {kind: (1, (3,))}
    assert (rows.report.rows_read, rows.report.rows_kept) == (4, 3)


def test_contradictory_labels_drop_every_row_of_the_text(rows_of):
    rows = rows_of("text,label\nWell done,sad\nother,sad\nwell  DONE,happy\nＷell done,sad\n")
    assert report_of(rows) == {ProblemKind.CONTRADICTORY: (3, (2, 4, 5))}
    assert rows.frame["text"].to_list() == ["other"]


def test_sentiments_are_read_in_any_case(rows_of):
    rows = rows_of("text,label\na,Positive\nb,NEGATIVE \nc,neutral\n")
    assert rows.labels == ("negative", "neutral", "positive")


cell = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\r"), min_size=1, max_size=12
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(cell, st.sampled_from(["sad", "happy", ""])), min_size=1, max_size=30))
def test_every_row_is_kept_or_counted_once(tmp_path_factory, cells):
    path = tmp_path_factory.mktemp("any") / "any.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerows([("text", "label"), *cells, ("longer than any other", "sad")])
    report = load_rows(str(path), progress=NoProgress()).report
    assert report.rows_read == len(cells) + 1
    assert report.rows_kept + sum(problem.rows for problem in report.problems) == report.rows_read


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_normalising_twice_changes_nothing(text):
    assert normalise(normalise(text)) == normalise(text)


def test_what_normalising_makes_equal():
    assert normalise(" ＦＵＬＬ\u00a0 Straße\n") == normalise("full STRASSE")
    assert normalise("ǰ") == normalise("J\u030c")
    assert normalise("not good") != normalise("good")

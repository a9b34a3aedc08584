"""Files of tweets as people have them, and files that are none."""

import gzip

import pytest

from frontend.batch import reading
from frontend.batch.reading import NEVER, read, texts
from frontend.batch.refusal import FileRefusedError
from frontend.i18n import LANGUAGES, catalogue


@pytest.mark.parametrize(
    ("content", "encoding", "delimiter"),
    [
        ("text,airline\nÀ l’heure,A\n".encode(), "UTF-8", ","),
        ("text,airline\nÀ l’heure,A\n".encode("utf-8-sig"), "UTF-8", ","),
        ("text;airline\r\nÀ l’heure;A\r\n".encode("cp1252"), "Windows-1252", ";"),
        ("text\tairline\nÀ l’heure\tA\n".encode("utf-16"), "UTF-16", "\t"),
        ("text|airline\nÀ l’heure|A".encode(), "UTF-8", "|"),
    ],
)
def test_common_forms_are_read(content: bytes, encoding: str, delimiter: str) -> None:
    table = read("tweets.csv", content)
    assert (table.encoding, table.delimiter) == (encoding, delimiter)
    assert table.columns == ("text", "airline")
    assert [row.cells for row in table.rows] == [("À l’heure", "A")]
    assert table.text_column() == 0


def test_a_list_of_tweets_needs_no_quotes() -> None:
    table = read("tweets.csv", b'Tweet\nlate, again; why?\n"a ""quoted""\none"\n\n')
    assert table.delimiter == NEVER
    assert [row.cells for row in table.rows] == [("late, again; why?",), ('a "quoted"\none',)]
    assert table.text_column() == 0


def test_rows_that_do_not_fit_are_told_by_line_and_harm_no_other() -> None:
    content = b'text,airline\n"two\nlines",A\nfine,B\nno quotes, here,C\nshort\n  ,D\n' + (
        b"x" * (reading.LONGEST_TEXT + 1) + b",E\n"
    )
    table = read("tweets.csv", content)
    good, unread = texts(table, 0)
    assert [(row.line, text) for row, text in good] == [(2, "two\nlines"), (4, "fine")]
    assert [(bad.line, bad.reason) for bad in (*table.bad, *unread)] == [
        (5, "too_many_cells"),
        (6, "too_few_cells"),
        (7, "no_text"),
        (8, "too_long"),
    ]


@pytest.mark.parametrize(
    ("content", "reason", "line"),
    [
        (b"", "empty", None),
        (b"\n \n", "empty", None),
        (b"text,airline\n", "only_names", None),
        (b'text,n\nfine,1\n"open,2\nfine,3\n', "open_quote", 3),
        (b'text,n\nfine,1\n"open,' + 140_000 * b"x", "open_quote", 3),
        (b'text,n\n"a" b,2\n', "stray_quote", 2),
        (b"PK\x03\x04rest", "spreadsheet", None),
        (gzip.compress(b"text\nfine\n"), "packed", None),
        (b"text\nfine\nbad\0\n", "binary", 3),
        (b"text\nfine\n\x81\xff\n", "encoding", 3),
        (b"\xff\xfet\0e", "encoding", 1),
    ],
)
def test_a_file_that_cannot_be_read_says_where_and_how_to_mend_it(
    content: bytes, reason: str, line: int | None
) -> None:
    with pytest.raises(FileRefusedError) as raised:
        read("tweets.csv", content)
    assert (raised.value.reason, raised.value.values.get("line")) == (reason, line)
    for language in LANGUAGES:
        words, key = catalogue(language), f"batch.refused.{reason}"
        what = words(f"{key}.what", **raised.value.values)
        assert line is None or str(line) in what
        assert words(f"{key}.mend", **raised.value.values)


def test_too_many_rows_are_refused_at_the_first_one_too_many(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reading, "MAX_ROWS", 2)
    assert len(read("tweets.csv", b"text\na\nb\n").rows) == 2
    with pytest.raises(FileRefusedError) as raised:
        read("tweets.csv", b"text\na\nb\nc\n")
    assert (raised.value.reason, raised.value.values) == ("too_many_rows", {"line": 4, "limit": 2})

"""Every format is told from its content and read as the same rows."""

import gzip

import pytest

from trainer.data.formats import detect_format
from trainer.data.loading import load_rows
from trainer.data.report import ProblemKind
from trainer.data.splitting import fingerprint
from trainer.errors import DataError
from trainer.progress import NoProgress


def texts(rows):
    return dict(rows.frame.sort("line").select("text", "label").iter_rows())


def test_same_content_in_any_format_and_order_is_the_same_data_set(
    rows_of, tweets, as_csv, as_json_lines
):
    backwards = tweets[::-1]
    prints = {
        name: fingerprint(rows_of(content, name).frame)
        for name, content in {
            "a.csv": as_csv(tweets),
            "b.tsv": as_csv(tweets, "\t"),
            "c.csv": as_csv(tweets, ";"),
            "d.jsonl": as_json_lines(tweets),
            "e.csv": as_csv(backwards),
            "f.jsonl.gz": gzip.compress(as_json_lines(backwards).encode()),
            "g.csv": b"\xef\xbb\xbf" + as_csv(tweets).replace("\n", "\r\n").encode(),
        }.items()
    }
    assert len(set(prints.values())) == 1, prints
    changed = as_csv(tweets).replace("flight 7 ", "flight 7000 ")
    assert fingerprint(rows_of(changed).frame) != prints["a.csv"]


def test_sentiment140(rows_of):
    lines = [
        b'"0","1467810369","Mon Apr 06 22:19:45 PDT 2009","NO_QUERY","Ann","caf\xe9, then rain"',
        b'"2","1467810370","Mon Apr 06 22:19:46 PDT 2009","NO_QUERY","Ben","it\xe2\x80\x99s noon"',
        b'"4","1467810371","Mon Apr 06 22:19:47 PDT 2009","NO_QUERY","Cat","23\xef\xbf\xbdC \\"',
        b'"3","1467810372","Mon Apr 06 22:19:48 PDT 2009","NO_QUERY","Dan","of no known class"',
    ]
    rows = rows_of(b"\n".join(lines))
    assert rows.report.format == "Sentiment140"
    assert texts(rows) == {
        "café, then rain": "negative",
        "it’s noon": "neutral",
        "23\ufffdC \\": "positive",
    }
    assert rows.report.lines(ProblemKind.UNKNOWN_LABEL) == (4,)
    assert set(rows.frame["user"]) == {"Ann", "Ben", "Cat"}


def test_airline(rows_of):
    rows = rows_of(
        "tweet_id,airline_sentiment,airline,name,text,tweet_created\n"
        '1,positive,Delta,ann,"two\nlines, one ""tweet""",2015-02-24 11:15:59 -0800\n'
        "2,furious,Delta,ben,no such label,2015-02-24 11:15:59 -0800\n"
    )
    assert rows.report.format == "airline tweets"
    row = rows.frame.row(0, named=True)
    assert row["text"] == 'two\nlines, one "tweet"'
    assert (row["user"], row["airline"]) == ("ann", "Delta")
    assert row["created_at"] == "2015-02-24 11:15:59 -0800"
    assert rows.report.lines(ProblemKind.UNKNOWN_LABEL) == (4,)


def test_semeval(rows_of):
    rows = rows_of(
        "split\tid\tlabel\ttext\n"
        "2013train\t1\tneutral\tPlus\\u002c it\\u2019s \\ud83d\\ude00\n"
        '2016test\t2\tpositive\t"said ""hi"" twice"\n'
        '2016test\t3\tnegative\t"never closed\n'
        "2016test\t4\tneutral\tthe line after it\n"
    )
    assert rows.report.format == "SemEval"
    assert texts(rows) == {
        "Plus, it’s 😀": "neutral",
        'said "hi" twice': "positive",
        '"never closed': "negative",
        "the line after it": "neutral",
    }
    # The campaigns' names are not splits: each row goes where its hash says.
    assert rows.report.rows_moved == 0
    assert set(rows.frame["split"]) <= {"train", "validation", "test"}


def test_two_columns_without_a_header(rows_of):
    rows = rows_of('happy,"well, well"\nsad,oh no\nhappy,hooray\n')
    assert rows.report.rows_read == 3
    assert texts(rows) == {"well, well": "happy", "oh no": "sad", "hooray": "happy"}


def test_a_tab_separated_cell_may_span_lines(rows_of):
    rows = rows_of('label\ttext\nhappy\t"two\nlines"\nsad\tone\n')
    assert texts(rows) == {"two\nlines": "happy", "one": "sad"}


def test_paired_files(tmp_path):
    (tmp_path / "fr_text.txt").write_bytes("un\u2028deux \nété\ntrois".encode())
    labels = tmp_path / "fr_labels.txt"
    labels.write_text("0\n2\n7\n")
    source = str(tmp_path / "fr_text.txt")
    rows = load_rows(source, progress=NoProgress())
    assert texts(rows) == {"un\u2028deux ": "negative", "été": "positive"}
    assert rows.report.lines(ProblemKind.UNKNOWN_LABEL) == (3,)
    labels.write_text("0\n2\n")
    with pytest.raises(DataError, match=r"3 lines and fr_labels.txt 2"):
        load_rows(source, progress=NoProgress())


def test_columns_can_be_named(rows_of):
    content = "tweet,mood,user\nhello,good,ann\nbye,bad,ben\n"
    rows = rows_of(content, text_column="tweet", label_column="mood")
    assert texts(rows) == {"hello": "good", "bye": "bad"}
    assert rows.labels == ("bad", "good")
    line = '{"tweet": "hello", "mood": 3}\n'
    assert texts(rows_of(line, "a.jsonl", text_column="tweet", label_column="mood")) == {
        "hello": "3"
    }


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("id,text\n1,hello\n", r"no column 'label' .*'id', 'text'.*--label-column"),
        ("a,b,c\n1,2,3\n", r"no column 'text' and 'label'"),
        ('{"text": "hello"}\n', r"no column 'label'"),
        ('[{"text": "hello"}]', "JSON array"),
        ("", "is empty"),
        ("  \n\n", "is empty"),
        ("text,label\n", "no usable row"),
        ("text,label\n,\n", "no usable row"),
        ("text,label\nhi,ok\n".encode("utf-16"), "UTF-16"),
        (b"PK\x03\x04rest", "zip archive: unzip"),
        (b"\x1f\x8b\x08broken", "damaged"),
        (gzip.compress(b"text,label\nhi,ok\n" * 9, mtime=0)[:-9], "cut short"),
    ],
    ids=str.split(
        "no-label no-header no-json-label json-array nothing blank header-only empty-cells utf-16 "
        "zip broken-gzip cut-gzip"
    ),
)
def test_a_file_of_no_use_is_refused_in_one_line(rows_of, content, message):
    with pytest.raises(DataError, match=message) as caught:
        rows_of(content)
    assert "\n" not in str(caught.value)


def test_a_missing_file_and_a_directory_are_refused(tmp_path):
    with pytest.raises(DataError, match="there is no file"):
        detect_format(tmp_path / "none.csv")
    with pytest.raises(DataError, match="cannot be read"):
        detect_format(tmp_path)


def test_named_columns_that_are_missing_are_refused(rows_of):
    with pytest.raises(DataError, match="no column 'mood'"):
        rows_of("text,label\nhi,ok\n", label_column="mood")

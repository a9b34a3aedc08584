"""Every format is read alike; what cannot be read is said with its line, not with its text."""

import gzip
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from inference.bulk.addresses import InputFile, find_inputs
from inference.bulk.errors import BulkError, DamagedInputError
from inference.bulk.reading import RowReader
from inference.bulk.rows import ColumnOptions, Refused, Row

TEXTS = ["never late, again", 'he said "no"\nand left', "É☺ ok"]


def read(path, **columns):
    file = InputFile(address=str(path), size=path.stat().st_size, mark="")
    return list(RowReader(file, ColumnOptions(**columns)))


def refused(rows):
    return {row.line: row.reason for row in rows if isinstance(row, Refused)}


def texts(rows):
    return [row.text for row in rows if isinstance(row, Row)]


CSV = 'id,text\n1,"never late, again"\n2,"he said ""no""\nand left"\n3,É☺ ok\n'
JSONL = (
    '{"id": 1, "text": "never late, again"}\n\n'
    '{"id": "2", "text": "he said \\"no\\"\\nand left"}\n{"text": "É☺ ok", "id": 3}\n'
)


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize(
    ("content", "lines"),
    [
        (CSV, [2, 3, 5]),
        ("\ufeff" + CSV.replace("\n2", "\r\n2"), [2, 3, 5]),
        (CSV.replace("id,text", "id\ttext").replace(",", "\t").replace("late\t", "late,"), None),
        (CSV.replace(",", ";").replace("late;", "late,"), None),
        (JSONL, [1, 3, 4]),
    ],
    ids=["csv", "csv-with-mark", "tsv", "semicolons", "jsonl"],
)
def test_text_formats(tmp_path, content, lines, zipped):
    path = tmp_path / "tweets"
    raw = content.encode()
    path.write_bytes(gzip.compress(raw) if zipped else raw)
    rows = read(path)
    assert texts(rows) == TEXTS
    assert [row.id for row in rows] == ["1", "2", "3"]
    assert [row.line for row in rows] == (lines or [2, 3, 5])


@pytest.mark.parametrize(
    "kind", [pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string())], ids=str
)
def test_parquet(tmp_path, kind):
    path = tmp_path / "tweets"
    column = pa.array([*TEXTS, None], pa.string()).cast(kind)
    pq.write_table(pa.table({"id": [1, 2, 3, 4], "text": column}), path, row_group_size=2)
    rows = read(path)
    assert texts(rows) == TEXTS
    assert [row.id for row in rows[:3]] == ["1", "2", "3"]
    assert refused(rows) == {4: "no text in 'text'"}


def test_columns_by_name_and_by_number(tmp_path):
    path = tmp_path / "tweets.csv"
    path.write_text("tweet,key\nlate,7\n")
    assert read(path, text="tweet", id="key") == [Row(2, "7", "late")]
    assert read(path, text="tweet") == [Row(2, None, "late")]
    assert read(path, text="1", id="2", header=False) == [
        Row(1, "key", "tweet"),
        Row(2, "7", "late"),
    ]


def test_a_missing_column_is_said_with_those_there_are(tmp_path):
    csv, jsonl, parquet = (tmp_path / name for name in ("a.csv", "a.jsonl", "a.parquet"))
    csv.write_text("id,tweet\n1,x\n")
    jsonl.write_text('{"id": 1, "tweet": "x"}\n')
    pq.write_table(pa.table({"id": ["1"], "tweet": ["x"]}), parquet)
    for path in (csv, jsonl, parquet):
        with pytest.raises(DamagedInputError, match=r"no column 'text' \(it has 'id', 'tweet'\)"):
            read(path)
        with pytest.raises(DamagedInputError, match="no column 'key'"):
            read(path, text="tweet", id="key")
    numbers = tmp_path / "n.parquet"
    pq.write_table(pa.table({"text": [1, 2]}), numbers)
    with pytest.raises(DamagedInputError, match="has int64 in 'text', not texts"):
        read(numbers)


def test_a_broken_record_costs_its_own_line(tmp_path):
    path = tmp_path / "tweets.csv"
    path.write_bytes(
        b'id,text\n1,good\n2,"never closed\n3,good\n4,a,b\n5,bad \xff byte\n'
        b'6,"two\nlines"\n\n7,good\n'
    )
    rows = read(path)
    assert texts(rows) == ["good", "good", "two\nlines", "good"]
    reasons = refused(rows)
    assert sorted(reasons) == [3, 5, 6]
    assert "quote is out of place" in reasons[3]
    assert reasons[5] == "3 cells where the first record has 2"
    assert reasons[6] == "byte 7 of the line is not utf-8"
    assert [row.line for row in rows if isinstance(row, Row)] == [2, 4, 7, 10]
    assert texts(read(path, encoding="latin-1"))[2] == "bad ÿ byte"
    assert '"never closed' in texts(read(path, quotes=False))


def test_broken_json_costs_its_own_line(tmp_path):
    path = tmp_path / "tweets.jsonl"
    path.write_bytes(
        b'{"text": "good"}\n{"text": \n["x"]\n{"text": 7}\n{"text": "\xff"}\n{"text": "good"}\n'
    )
    rows = read(path)
    assert texts(rows) == ["good", "good"]
    assert refused(rows) == {
        2: "not JSON",
        3: "not a JSON object",
        4: "no text in 'text'",
        5: "byte 11 of the line is not utf-8",
    }


def test_a_line_without_end_is_passed_over(tmp_path, monkeypatch):
    monkeypatch.setattr("inference.bulk.lines.LINE_BYTES", 50)
    path = tmp_path / "tweets.csv"
    path.write_text("id,text\n1,good\n2," + 480 * "x" + "\n3,good\n")
    rows = read(path)
    assert texts(rows) == ["good", "good"]
    assert refused(rows) == {3: "the line has more than 50 bytes"}


@pytest.mark.parametrize("kind", ["cut", "flipped"])
def test_a_damaged_gzip_is_read_up_to_its_damage(tmp_path, kind, make_tweets):
    content = gzip.compress(("text\n" + "\n".join(make_tweets(15_000)) + "\n").encode())
    damaged = bytearray(content[: len(content) // 2] if kind == "cut" else content)
    if kind == "flipped":
        damaged[-6] ^= 0xFF  # of the checksum
    path = tmp_path / "tweets.csv.gz"
    path.write_bytes(damaged)
    rows = []
    file = InputFile(address=str(path), size=len(damaged), mark="")
    with pytest.raises(DamagedInputError, match=rf"{path} is damaged or cut short"):
        rows.extend(RowReader(file, ColumnOptions()))  # which keeps what came before
    assert len(rows) > 5_000


def test_a_damaged_parquet_is_said(tmp_path, make_tweets):
    path = tmp_path / "tweets.parquet"
    pq.write_table(pa.table({"text": make_tweets(3_000)}), path, row_group_size=1_000)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DamagedInputError, match="damaged or cut short"):
        read(path)
    broken = bytearray(whole)
    for place in range(len(whole) // 3, len(whole) // 3 + 4_000):
        broken[place] ^= 0x55
    path.write_bytes(broken)
    with pytest.raises(DamagedInputError, match=r"damaged or cut short|cannot be read"):
        read(path)


def test_what_is_no_file_of_rows_is_said(tmp_path):
    path = tmp_path / "file"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("tweets.csv", CSV)
    with pytest.raises(DamagedInputError, match="unzip"):
        read(path)
    path.write_bytes(b"")
    with pytest.raises(DamagedInputError, match="is empty"):
        read(path)
    path.write_bytes("id,text\n1,x\n".encode("utf-16"))
    with pytest.raises(DamagedInputError, match="UTF-16"):
        read(path)


def test_patterns_and_addresses_are_found_once_each_in_order(tmp_path):
    import fsspec

    for name in ("b.csv", "a.csv", "c.jsonl"):
        (tmp_path / name).write_text(CSV)
    memory = fsspec.filesystem("memory")
    memory.pipe_file("/bulk-inputs/m.csv", CSV.encode())
    found = find_inputs(
        [
            f"{tmp_path}/*.csv",
            str(tmp_path / "a.csv"),
            f"file://{tmp_path}/c.*",
            "memory://bulk-inputs/*.csv",
        ]
    )
    assert [file.name for file in found] == ["a.csv", "b.csv", "c.jsonl", "m.csv"]
    assert [file.size for file in found] == [len(CSV.encode())] * 4
    assert texts(list(RowReader(found[-1], ColumnOptions()))) == TEXTS


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("{}/none.csv", "there is no file"),
        ("{}/*.none", "no file matches"),
        ("{}", "is a folder: give a pattern"),
        ("nowhere://x/y.csv", "cannot be reached"),
        ("s3://key:secret@bucket/x.csv", "holds a password"),
    ],
)
def test_an_input_that_names_no_file_is_said(tmp_path, pattern, said):
    with pytest.raises(BulkError, match=said) as caught:
        find_inputs([pattern.format(tmp_path)])
    assert "secret" not in str(caught.value)

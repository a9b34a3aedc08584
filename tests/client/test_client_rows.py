"""Reading tweets from CSV, JSON lines and plain lines, and what is said of rows that are none."""

import asyncio
import itertools
import threading

import pytest

from radar_client.command.errors import CommandError
from radar_client.command.feed import AHEAD_CHARACTERS, AHEAD_ROWS, Feed
from radar_client.command.rows import LONGEST_LINE, Row, rows_of


@pytest.fixture
def read(tmp_path):
    """The rows of a file with some content, as (line, text) or (line, problem's first word)."""

    def read(content, name="tweets", form=None, column="text"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        rows = rows_of(str(path), form, column)
        return [(row.line, row.text if row.problem is None else ..., row.problem) for row in rows]

    return read


def good(*rows):
    return [(line, text, None) for line, text in rows]


@pytest.mark.parametrize("name", ["tweets.csv", "tweets"])
def test_csv_by_name_or_by_its_first_line(read, name):
    content = 'id,text\n1,"late, again"\n\n2,"two\nlines ""quoted"""\n3,\n'
    assert read(content, name) == good((2, "late, again"), (4, 'two\nlines "quoted"'), (6, ""))


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_other_delimiters_and_columns(read, delimiter):
    content = f"\ufefftweet{delimiter}who\r\nlate{delimiter}a\r\nlovely{delimiter}b\r\n"
    assert read(content, column="tweet") == good((2, "late"), (3, "lovely"))


def test_json_lines(read):
    content = '{"text": "late"}\n\n{"id": 1, "text": "\\ud83d\\ude00 \\ud800"}\n'
    assert read(content) == good((1, "late"), (3, "😀 \ud800"))


def test_plain_lines(read):
    assert read("late, again\r\n\n  thank you\nlast") == good(
        (1, "late, again"), (3, "  thank you"), (4, "last")
    )
    assert read("") == []
    assert read("text\nlate\n", form="lines") == good((1, "text"), (2, "late"))


@pytest.mark.parametrize(
    ("name", "content", "lines", "words"),
    [
        (
            "a.csv",
            "id,text\n1,late, again\n2,fine\n",
            [2, 3],
            "3 fields where the first line has 2",
        ),
        ("a.csv", b"id,text\n1,caf\xe9\n2,fine\n", [2, 3], "UTF-8"),
        ("a.csv", 'id,text\n1,"open\n' + "x" * 140_000 + "\n", [2], "a quote closed"),
        ("a.jsonl", '{"text": 1}\n{"text": "fine"}\n', [1, 2], "under 'text'"),
        ("a.jsonl", '["late"]\n{"text": "fine"}\n', [1, 2], "under 'text'"),
        ("a.jsonl", '{"text": "late"\n{"text": "fine"}\n', [1, 2], "not JSON"),
        ("a.jsonl", "[" * 100_000 + '\n{"text": "fine"}\n', [1, 2], "not JSON"),
        ("a.txt", b"caf\xe9\nfine\n", [1, 2], "UTF-8"),
        ("a.txt", "x" * (2 * LONGEST_LINE + 5) + "\nfine\n", [1, 2], "split it"),
    ],
)
def test_rows_that_cannot_be_read_say_so_and_spare_the_others(read, name, content, lines, words):
    (line, _, problem), *others = read(content, name)
    assert (line, words in problem) == (lines[0], True), problem
    assert others == good(*((line, "fine") for line in lines[1:]))


def test_a_line_as_long_as_the_bound_is_read(read):
    whole = "x" * (LONGEST_LINE - 1)
    assert read(whole + "\nfine\n", "a.txt") == good((1, whole), (2, "fine"))


def test_a_csv_without_the_column_is_refused(read):
    with pytest.raises(CommandError, match=r"a\.csv: the first line names no column 'text'"):
        read("id,tweet\n1,late\n", "a.csv")
    with pytest.raises(CommandError, match="cannot be read: No such file"):
        list(rows_of("missing.csv", None, "text"))


def test_reading_ahead_is_bounded_and_grouped():
    asked = itertools.count()

    def endless():
        for number in asked:
            yield Row("-", number, "x" * 1_000)

    async def consume():
        feed = Feed(endless(), 256)
        try:
            taken = []
            for _ in range(20):
                group = await feed.take()
                assert 1 <= len(group) <= 256
                taken += group
                await asyncio.sleep(0.01)
            return [row.line for row in taken], next(asked)
        finally:
            feed.close()

    lines, produced = asyncio.run(consume())
    assert lines == list(range(len(lines)))
    assert produced - len(lines) <= min(AHEAD_ROWS, AHEAD_CHARACTERS // 1_000) + 2


def test_a_row_of_a_slow_pipe_is_given_at_once():
    more = threading.Event()

    def slow():
        yield Row("-", 1, "late")
        assert more.wait(20)
        yield Row("-", 2, "lovely")
        raise CommandError("the disk is gone")

    async def consume():
        feed = Feed(slow(), 256)
        first = await asyncio.wait_for(feed.take(), 10)
        more.set()
        second = await feed.take()
        with pytest.raises(CommandError, match="disk"):
            await feed.take()
        return [row.line for row in (*first, *second)]

    assert asyncio.run(consume()) == [1, 2]

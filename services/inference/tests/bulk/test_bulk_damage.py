"""What is damaged or full ends with one clear line, and finished work is kept."""

import gzip
import io
import random
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from inference.bulk.errors import BulkError

KINDS = {
    "gzip-cut": "damaged or cut short",
    "gzip-flipped": "damaged or cut short",
    "parquet-cut": "damaged or cut short",
    "parquet-flipped": r"damaged or cut short|cannot be read",
    "no-column": r"has no column 'text' \(it has 'id', 'tweet'\)",
}


def stored(kind, texts):
    """A file of tweets in the form that a kind of damage is done to."""
    if kind.startswith("parquet"):
        buffer = io.BytesIO()
        pq.write_table(pa.table({"text": texts}), buffer, row_group_size=1_000)
        return buffer.getvalue()
    content = ("text\n" + "\n".join(texts) + "\n").encode()
    return gzip.compress(content) if kind.startswith("gzip") else content


def damaged(kind, content):
    broken = bytearray(content)
    middle = len(broken) // 2
    match kind.partition("-")[2]:
        case "cut":
            del broken[middle:]
        case "flipped":
            broken[middle : middle + 4_000] = bytes(
                byte ^ 0x55 for byte in broken[middle : middle + 4_000]
            )
        case "column":
            return b"id,tweet\n1,late\n"
    return bytes(broken)


@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_file_is_said_all_else_is_kept_and_it_may_be_mended(
    score, write_csv, make_tweets, content, tmp_path, monkeypatch, kind
):
    monkeypatch.setattr("inference.bulk.blocks.PART_BYTES", 1)  # each file by itself
    first, last = write_csv(150, name="a.csv"), write_csv(120, name="c.csv")
    whole = stored(kind, make_tweets(9_000))
    path = tmp_path / "b"
    path.write_bytes(damaged(kind, whole))
    with pytest.raises(BulkError, match=KINDS[kind]) as caught:
        score(first, path, last, block_rows=500)
    assert str(caught.value).startswith(str(path))
    assert "all else is scored and kept: then give the same command again" in str(caught.value)
    assert "\n" not in str(caught.value)
    kept = content(tmp_path / "out")
    assert {"scores/00000-000000.parquet", "scores/00002-000000.parquet"} <= set(kept)

    path.write_bytes(whole)
    assert score(first, path, last, block_rows=500).rows == 9_270
    now = content(tmp_path / "out")
    for name in ("scores/00000-000000.parquet", "scores/00002-000000.parquet"):
        assert now[name] == kept[name]
    score(first, path, last, block_rows=500, output=tmp_path / "whole")
    assert now == content(tmp_path / "whole")


@pytest.mark.parametrize("model", ["bundle_path", "linear_bundle"])
def test_a_file_that_cannot_grow_keeps_finished_blocks(
    start_scoring, score, content, make_tweets, request, tmp_path, model
):
    """Where nobody may mount a small disk, a limit on files stands in: the system says no alike."""
    bundle = request.getfixturevalue(model)
    source = random.Random(1)
    path, out = tmp_path / "tweets.csv", tmp_path / "out"
    with path.open("w", encoding="utf-8") as file:
        file.write("id,text\n")
        for place, text in enumerate(make_tweets(1_000)):
            id_bytes = 8 if place < 500 else 400  # so that later blocks are too large
            file.write(f"{source.randbytes(id_bytes).hex()},{text}\n")
    arguments = (path, "--model", bundle, "--block-rows", 100, "--output", out)
    limit = "import resource, os, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, -1)); "
    limited = start_scoring(
        *arguments, program=(sys.executable, "-c", limit + "os.execvp(sys.argv[1], sys.argv[1:])")
    )
    _, said = limited.communicate(timeout=120)
    assert limited.returncode == 1, said
    assert said.splitlines()[-1] == (
        f"inference: --output {out} cannot be written: File too large; finished blocks are kept: "
        "mend that and give the same command again"
    )
    assert "Traceback" not in said
    assert len(list(out.glob("scores/*.parquet"))) == 5
    assert not list(out.rglob(".tmp-*"))
    again = start_scoring(*arguments)
    _, said = again.communicate(timeout=120)
    assert again.returncode == 0, said
    score(path, output=tmp_path / "whole", model=str(bundle))
    assert content(out) == content(tmp_path / "whole")

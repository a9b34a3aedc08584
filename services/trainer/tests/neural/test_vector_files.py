"""Text-format vector files, good and bad."""

import gzip

import numpy as np
import pytest

from trainer.errors import TrainerError
from trainer.neural.vector_files import read_vector_file
from trainer.neural.vector_sources import file_vectors
from trainer.progress import NoProgress

GOOD = "the 0.5 -1 2e-3\nlate 1 2 3\nat night 4 5 6\ncafé 7 8 9\n"


def read(path, content, wanted=("the", "late", "at night", "café"), first=0):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_vector_file(path, wanted, first, NoProgress())


@pytest.fixture
def path(tmp_path):
    return tmp_path / "vectors.txt"


@pytest.mark.parametrize("header", ["", "4 3\n"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", " \n"])
def test_glove_and_word2vec_form_are_read(path, header, ending):
    table = read(path, (header + GOOD).replace("\n", ending))
    assert list(table.index) == ["the", "late", "at night", "café"]
    np.testing.assert_allclose(table.rows[0], [0.5, -1, 0.002])
    np.testing.assert_array_equal(table.rows[2], [4, 5, 6])
    assert (table.name, table.width) == ("vectors.txt", 3)


def test_compressed_file_is_read(tmp_path):
    table = read(tmp_path / "vectors.txt.gz", gzip.compress(GOOD.encode()))
    assert len(table.index) == 4


def test_frequent_and_wanted_words_are_kept_and_no_others(path):
    assert list(read(path, GOOD, wanted={"café"}, first=1).index) == ["the", "café"]


def test_first_of_two_vectors_of_a_word_counts(path):
    table = read(path, "late 1 2\nlate 3 4\n")
    np.testing.assert_array_equal(table.rows, [[1, 2]])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("the 1 2 3\nlate 1 2\n", "line 2: 2 numbers after the word, not 3 as before"),
        ("the 1 2 3\nlate 1 2 3\nunwanted 1 x 3\n", "line 3: the 3 fields after .* 'unwanted'"),
        ("2 3\nthe 1 2 3\nlate 1 nan 3\n", "line 3: the vector of 'late' is not finite"),
        ("the 1 2 3\n\nlate 1 2 3\n", "line 2: 0 numbers after the word, not 3 as before"),
        ("the\n", "line 1: 0 numbers after the word: give 2 to 4096"),
        ("the,1,2,3\n", "line 1: 0 numbers after the word: give 2 to 4096"),
        (b"the 1 2 3\nlat\xe9 1 2 3\n", "line 2: not UTF-8 text"),
        ("", "holds no vector"),
        ("4 3\n", "holds no vector"),
    ],
)
def test_a_bad_line_is_named(path, content, message):
    with pytest.raises(TrainerError, match=f"vectors.txt,? {message}"):
        read(path, content)


def test_a_file_that_is_cut_short_is_refused(tmp_path):
    whole = gzip.compress(GOOD.encode() * 100)
    with pytest.raises(TrainerError, match="cannot be read"):
        read(tmp_path / "vectors.gz", whole[: len(whole) // 2])


def test_a_path_that_does_not_exist_names_the_choices():
    with pytest.raises(TrainerError, match="vectors=glov: there is no such file; give learned"):
        file_vectors("glov", (), 0, NoProgress())

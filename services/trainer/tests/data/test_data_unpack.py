"""A hostile archive leaves nothing behind."""

import stat
import warnings
import zipfile

import pytest

from trainer.data.unpack import unpack
from trainer.errors import DataError


@pytest.fixture
def refused(tmp_path):
    def check(members, match, limit=1 << 20):
        archive, directory = tmp_path / "a.zip", tmp_path / "in" / "here"
        directory.mkdir(parents=True)
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
            for name, content in members:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    opened.writestr(name, content)
        with pytest.raises(DataError, match=match) as caught:
            unpack(archive, directory, limit=limit)
        assert "\n" not in str(caught.value)
        assert list(directory.iterdir()) == []
        assert {path.name for path in tmp_path.iterdir()} == {"a.zip", "in"}

    return check


@pytest.mark.parametrize(
    "name", ["../out.csv", "a/../../out.csv", "/etc/out.csv", "..\\out.csv", "C:out.csv"]
)
def test_paths_that_leave_the_directory(refused, name):
    refused([("good.csv", "x"), (name, "x")], "unsafe path")


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
def test_what_is_not_a_plain_file(refused, kind):
    link = zipfile.ZipInfo("link.csv")
    link.external_attr = (kind | 0o777) << 16
    refused([("good.csv", "x"), (link, "/etc/passwd")], "not a plain file")


def test_too_many_bytes(refused):
    refused([("a.csv", b"0" * 600_000), ("b.csv", b"0" * 600_000)], "more bytes than it may")


def test_a_size_that_lies(tmp_path):
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr("bomb.csv", b"0" * 5_000_000)
    true, told = (5_000_000).to_bytes(4, "little"), (10).to_bytes(4, "little")
    archive.write_bytes(archive.read_bytes().replace(true, told))
    with pytest.raises(DataError):
        unpack(archive, tmp_path, limit=1_000)
    assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]


def test_too_many_files(refused):
    refused([(f"{n}.csv", "") for n in range(1_001)], "1001 files")


def test_two_files_of_one_name(refused):
    refused([("a.csv", "x"), ("a.csv", "y")], "two files of the same name")


def test_damage_is_found(tmp_path):
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("a.csv", "hello hello")
    whole = archive.read_bytes()
    for broken in (whole.replace(b"hello hello", b"hello jello"), whole[:-30], b"", b"not a zip"):
        archive.write_bytes(broken)
        with pytest.raises(DataError, match="not a usable zip archive"):
            unpack(archive, tmp_path, limit=1_000)
        assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]


def test_an_encrypted_file(tmp_path):
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("a.csv", "hello")
    raw = bytearray(archive.read_bytes())
    raw[raw.index(b"PK\x03\x04") + 6] |= 1
    raw[raw.index(b"PK\x01\x02") + 8] |= 1
    archive.write_bytes(raw)
    with pytest.raises(DataError, match="encrypted"):
        unpack(archive, tmp_path, limit=1_000)


def test_files_that_are_there_are_replaced_whole(tmp_path):
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("folder/", "")
        opened.writestr("folder/a.csv", "new")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "a.csv").write_text("old and longer")
    assert unpack(archive, tmp_path, limit=3) == [tmp_path / "folder" / "a.csv"]
    assert (tmp_path / "folder" / "a.csv").read_text() == "new"

"""The states of dropped files."""

import gzip
import os
import time

import pytest

from trainer.errors import TrainerError
from trainer.watching.folder import Folder, is_whole

SETTLE = 0.15


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path, SETTLE)


def names(paths):
    return [path.name for path in paths]


def settled(folder, seconds):
    """What settles within some time, looked for all the while."""
    deadline, found = time.monotonic() + seconds, []
    while time.monotonic() < deadline and not found:
        found = folder.settled()
        time.sleep(0.01)
    return names(found)


def test_a_file_is_left_alone_until_it_stays_the_same(folder, tmp_path):
    path = tmp_path / "a.csv"
    for line in range(6):  # written for longer than the settling time
        with path.open("a") as file:
            file.write(f"line {line}\n")
        assert not folder.settled()
        assert folder.waiting
        time.sleep(SETTLE / 2)
    assert settled(folder, 2) == ["a.csv"]


def test_a_file_rewritten_in_place_is_noticed_by_its_time(folder, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("aaa\n")
    assert not folder.settled()
    time.sleep(1.2 * SETTLE)
    path.write_text("bbb\n")
    os.utime(path, ns=(1, 1))
    assert not folder.settled()
    assert settled(folder, 2) == ["a.csv"]


def test_what_is_cut_short_is_given_longer(folder, tmp_path):
    (tmp_path / "cut.csv").write_text("text,label\nlate,nega")
    (tmp_path / "whole.csv").write_text("text,label\nlate,negative\n")
    began = time.monotonic()
    assert settled(folder, 2) == ["whole.csv"]
    folder.take(tmp_path / "whole.csv")
    assert settled(folder, 5) == ["cut.csv"]
    assert time.monotonic() - began > 5 * SETTLE


@pytest.mark.parametrize(
    ("content", "whole"),
    [
        (b"text,label\nlate,negative\n", True),
        (b"text,label\nlate,nega", False),
        (b"", False),
        (gzip.compress(b"text,label\nlate,nega"), True),
        (gzip.compress(b"text,label\nlate,negative\n" * 99)[:-9], False),
    ],
    # By name: the bytes of gzip hold the time, and parallel runs must collect the same tests.
    ids=["plain", "plain, cut", "empty", "gzip", "gzip, cut"],
)
def test_how_a_finished_file_ends(tmp_path, content, whole):
    path = tmp_path / "file"
    path.write_bytes(content)
    assert is_whole(path) is whole


def test_what_programs_are_writing_and_what_is_no_file_is_not_seen(folder, tmp_path):
    for name in (".hidden.csv", "a.csv.part", "b.crdownload", "c~", "d.report.txt"):
        (tmp_path / name).write_text("x\n")
    (tmp_path / "sub").mkdir()
    (tmp_path / "link.csv").symlink_to(tmp_path / "c~")
    assert settled(folder, 3 * SETTLE) == []
    (tmp_path / "a.csv.part").rename(tmp_path / "a.csv")
    assert settled(folder, 2) == ["a.csv"]


def test_a_taken_file_is_found_again_after_a_kill(folder, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("x\n")
    taken = folder.take(path)
    assert not path.exists()
    assert Folder(tmp_path, SETTLE).working() == [taken]


def test_an_end_leaves_the_file_and_its_report(folder, tmp_path):
    for content in ("first\n", "second\n"):
        path = tmp_path / "a.csv"
        path.write_text(content)
        folder.finish(folder.take(path), "rejected", f"about {content}")
    assert {path.name: path.read_text() for path in (tmp_path / "rejected").iterdir()} == {
        "a.csv": "first\n",
        "a.csv.report.txt": "about first\n",
        "a-2.csv": "second\n",
        "a-2.csv.report.txt": "about second\n",
    }
    assert folder.working() == []


def test_promoted_files_come_in_the_order_of_their_versions(folder, tmp_path):
    for number, name in ((12, "b.csv"), (3, "z.csv"), (101, "a.csv")):
        path = tmp_path / name
        path.write_text("x\n")
        folder.finish(folder.take(path), "promoted", "", name=f"{number:06d}-{name}")
    assert names(folder.promoted()) == ["000003-z.csv", "000012-b.csv", "000101-a.csv"]


def test_the_same_content_is_known_under_another_name(folder, tmp_path):
    from contract.manifest import sha256_of

    old, new, other = (tmp_path / name for name in ("old.csv", "new.csv", "other.csv"))
    for path, content in ((old, "same\n"), (new, "same\n"), (other, "diff\n")):
        path.write_text(content)
    kept = folder.finish(folder.take(old), "refused", "")
    assert folder.same_content(new, sha256_of(new)) == kept
    assert folder.same_content(other, sha256_of(other)) is None


def test_two_watchers_do_not_share_a_folder(folder, tmp_path):
    with (
        folder.locked(),
        pytest.raises(TrainerError, match="is watched by another process already"),
        Folder(tmp_path, SETTLE).locked(),
    ):
        pass
    with Folder(tmp_path, SETTLE).locked():
        pass


def test_a_folder_that_is_not_there_is_said(tmp_path):
    with pytest.raises(TrainerError, match="nowhere is no folder: make it first"):
        Folder(tmp_path / "nowhere", SETTLE)

import subprocess

import pytest

from trainer.tracking.revision import UNKNOWN, git_commit


@pytest.fixture
def checkout(tmp_path):
    def git(*arguments):
        identity = ("-c", "user.name=Test", "-c", "user.email=test@example.com")
        command = ["git", *identity, *arguments]
        return subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True)

    git("init", "--quiet")
    (tmp_path / "code.py").write_text("one\n")
    git("add", "code.py")
    git("commit", "--quiet", "--message=one")
    return tmp_path, git("rev-parse", "HEAD").stdout.strip()


def test_a_clean_checkout_gives_its_commit(checkout):
    directory, commit = checkout
    assert git_commit(directory) == commit


def test_changed_code_is_said_to_be_changed(checkout):
    directory, commit = checkout
    (directory / "code.py").write_text("two\n")
    assert git_commit(directory) == f"{commit}-dirty"


def test_outside_a_checkout_the_commit_is_unknown(tmp_path, monkeypatch):
    monkeypatch.delenv("REVISION", raising=False)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert git_commit(tmp_path) == UNKNOWN


def test_an_image_knows_its_commit_without_git(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.setenv("REVISION", "0123abc")
    assert git_commit(tmp_path) == "0123abc"

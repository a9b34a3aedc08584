"""Reloading and rolling back, through a registry of directories."""

import os
import sys
import threading

import pytest

from inference.model.cache import BundleCache
from inference.model.source import parse_source
from inference.problems import Failure, ServiceError

SOURCE = "models:/tweet-sentiment@champion"
NEVER = 3600.0
SECONDS = 30


def version_of(serving):
    return serving.current and serving.current.version


@pytest.fixture
def followed(follow, shelf, until):
    """A follower that has served version 1, then 2, and looks no more unless it is asked to."""
    serving = follow(poll_seconds=NEVER)
    (follower,) = follow.started
    until(lambda: serving.following.state == "up-to-date", "version 1 serves")
    shelf.champion = "2"
    assert follower.reload().result(SECONDS) is None
    assert version_of(serving) == "2"
    return serving, follower


def test_a_reload_does_not_wait_for_the_next_look(followed):
    serving, follower = followed
    assert serving.following.state == "up-to-date"
    assert follower.previous_version == "1"


def test_reloads_at_the_same_time_share_one_look(followed, shelf):
    _, follower = followed
    looking, go_on, looks = threading.Event(), threading.Event(), []
    resolve = shelf.resolve

    def slowly(source):
        looks.append(source)
        looking.set()
        assert go_on.wait(SECONDS)
        return resolve(source)

    shelf.resolve = slowly
    first = follower.reload()
    assert looking.wait(SECONDS)
    # What the look under way finds may be older than these questions: they share the next one.
    others = [follower.reload() for _ in range(5)]
    go_on.set()
    assert [item.result(SECONDS) for item in (first, *others)] == [None] * 6
    assert len(looks) == 2


@pytest.mark.parametrize("wrong", ["registry", "version"])
def test_a_reload_that_fails_says_why_and_changes_nothing(followed, shelf, wrong):
    serving, follower = followed
    served = serving.current
    shelf.champion, shelf.down = "3", wrong == "registry"
    (shelf.bundles["3"] / "manifest.json").write_text("{")
    reason = follower.reload().result(SECONDS)
    assert ("the shelf is down" if wrong == "registry" else "'manifest'") in reason
    assert serving.current is served
    assert (serving.following.state, serving.following.last_error) == ("failing", reason)


def test_a_directory_is_read_again(follow, make_bundle, tmp_path, until):
    make_bundle(tmp_path / "bundle")
    serving = follow(str(tmp_path / "bundle"))
    (follower,) = follow.started
    until(lambda: serving.following.state == "loaded", "it serves")
    before = serving.current
    assert follower.reload().result(SECONDS) is None
    assert serving.current is before  # it holds the same
    (tmp_path / "bundle").rename(tmp_path / "old")
    assert "'manifest'" in follower.reload().result(SECONDS)
    make_bundle(tmp_path / "bundle", strength=3.0)
    assert follower.reload().result(SECONDS) is None
    assert serving.current.version != before.version
    follower.roll_back()
    assert serving.current is before
    assert serving.following.state == "held"


def test_a_rollback_serves_the_version_before_and_holds_it(followed, shelf):
    serving, follower = followed
    follower.roll_back()
    assert version_of(serving) == "1"
    assert serving.following.state == "held"
    assert (serving.following.held.from_version, serving.following.held.to_version) == ("2", "1")
    assert shelf.downloads == ["1", "2"]


def test_there_is_one_way_back_only(followed):
    serving, follower = followed
    follower.roll_back()
    with pytest.raises(ServiceError, match="nothing served before") as error:
        follower.roll_back()
    assert error.value.failure is Failure.NO_PREVIOUS_MODEL
    assert version_of(serving) == "1"


def test_what_was_rolled_back_comes_back_by_a_reload_alone(follow, shelf, until):
    serving = follow()
    (follower,) = follow.started
    until(lambda: version_of(serving) == "1", "version 1 serves")
    shelf.champion = "2"
    until(lambda: version_of(serving) == "2", "version 2 serves")
    follower.roll_back()
    looks = []
    resolve = shelf.resolve
    shelf.resolve = lambda source: looks.append(source) or resolve(source)
    until(lambda: len(looks) >= 3, "the alias is looked at all the same")
    assert version_of(serving) == "1"
    assert serving.following.state == "held"
    assert follower.reload().result(SECONDS) is None
    assert version_of(serving) == "2"
    assert serving.following.held is None
    assert shelf.downloads == ["1", "2"]  # it was in the cache
    follower.roll_back()
    assert version_of(serving) == "1"


@pytest.mark.parametrize("version", ["1", "3"])
def test_another_version_under_the_alias_ends_the_rollback(followed, follow, shelf, until, version):
    serving, follower = followed
    follower.roll_back()
    follow.stop()
    serving = follow()
    until(lambda: serving.following.state == "held", "the rollback is in force")
    shelf.champion = version
    until(lambda: serving.following.state == "up-to-date", "the alias is followed")
    assert version_of(serving) == version
    shelf.champion = "2"
    until(lambda: version_of(serving) == "2", "nothing is held back any more")


def test_a_rollback_survives_a_restart(followed, follow, shelf, until):
    _, follower = followed
    follower.roll_back()
    follow.stop()
    serving = follow()
    until(lambda: version_of(serving) == "1", "version 1 serves")
    held = "held", "2", "1"
    until(lambda: serving.following.held is not None, "it is held")
    for _ in range(2):
        following = serving.following
        assert (following.state, following.held.from_version, following.held.to_version) == held
        assert follow.started[0].previous_version is None
        shelf.down = True  # the registry's going away ends nothing
        until(lambda: serving.following.last_error == "the shelf is down", "it says that, too")


def test_after_a_restart_the_version_before_comes_from_the_cache(followed, follow, shelf, until):
    follow.stop()
    shelf.down = True
    serving = follow(poll_seconds=NEVER)
    until(lambda: version_of(serving) == "2", "version 2 serves")
    (follower,) = follow.started
    assert follower.previous_version == "1"
    follower.roll_back()
    assert version_of(serving) == "1"
    assert serving.current.bundle.predict(["lovely"])[0].label == "positive"


def test_a_version_before_that_went_bad_is_not_served(followed, follow, until, cache_dir):
    follow.stop()
    cache = BundleCache(cache_dir, parse_source(SOURCE))
    (cache.path(cache.record().previous) / "model.onnx").write_bytes(b"")
    serving = follow()
    until(lambda: version_of(serving) == "2", "version 2 serves")
    with pytest.raises(ServiceError, match="version 1 no longer verifies"):
        follow.started[0].roll_back()
    assert version_of(serving) == "2"


def test_a_version_before_that_cannot_be_read_is_said(followed, follow, until, monkeypatch):
    follow.stop()
    serving = follow(poll_seconds=NEVER)
    until(lambda: version_of(serving) == "2", "version 2 serves")
    monkeypatch.setattr("inference.model.origin.RegistryOrigin.reopen", unreadable)
    with pytest.raises(ServiceError, match="version 1 cannot be read: input/output"):
        follow.started[0].roll_back()
    monkeypatch.undo()
    follow.started[0].roll_back()
    assert version_of(serving) == "1"


def test_a_rollback_while_the_bundle_cannot_be_recorded_works_all_the_same(
    followed, cache_dir, monkeypatch
):
    serving, follower = followed

    def full(*_):
        raise OSError("no space left")

    monkeypatch.setattr(BundleCache, "_write", full)
    follower.roll_back()
    assert version_of(serving) == "1"


def test_if_the_held_place_is_lost_something_serves_all_the_same(
    followed, follow, shelf, until, cache_dir
):
    _, follower = followed
    follower.roll_back()
    follow.stop()
    cache = BundleCache(cache_dir, parse_source(SOURCE))
    (cache.path(cache.record().current) / "model.onnx").write_bytes(b"")
    serving = follow()
    until(lambda: version_of(serving) == "2", "what the alias names serves, being all there is")


def test_a_cache_that_cannot_be_read_is_as_good_as_none(followed, follow, until, monkeypatch):
    follow.stop()
    monkeypatch.setattr("inference.model.origin.RegistryOrigin.reopen", unreadable)
    serving = follow()
    until(lambda: "input/output" in (serving.following.last_error or ""), "it goes on looking")
    monkeypatch.undo()
    until(lambda: version_of(serving) == "2", "version 2 serves")


def unreadable(*_):
    raise OSError("input/output error")


def test_whoever_waits_for_a_reload_is_told_of_the_end(followed, shelf):
    _, follower = followed
    looking, go_on = threading.Event(), threading.Event()

    def slowly(source):
        looking.set()
        assert go_on.wait(SECONDS)
        raise OSError("gone")

    shelf.resolve = slowly
    first = follower.reload()
    assert looking.wait(SECONDS)
    second = follower.reload()
    ending = threading.Thread(target=follower.stop)
    ending.start()
    go_on.set()
    ending.join()
    assert first.result(SECONDS) == "gone"
    assert second.result(SECONDS) == "the service is shutting down"
    assert follower.reload().result(SECONDS) == "the service is shutting down"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a thread has no priority of its own")
def test_loading_gives_way_once_something_serves(follow, shelf, until):
    priorities = []
    resolve = shelf.resolve

    def noting(source):
        thread = threading.get_native_id()
        priorities.append(os.getpriority(os.PRIO_PROCESS, thread))
        return resolve(source)

    shelf.resolve = noting
    follow()
    until(lambda: len(priorities) >= 2, "two looks")
    # The first one is waited for: nothing serves before it.
    assert priorities[0] == os.getpriority(os.PRIO_PROCESS, 0)
    assert priorities[1] > priorities[0]


def test_a_model_that_need_not_be_there_leaves_with_its_alias(follow, shelf, until, cache_dir):
    source = "models:/tweet-sentiment@challenger"
    serving = follow(source, required=False)
    until(lambda: serving.following.state == "absent", "nothing has the alias")
    assert serving.following.last_error is None
    shelf.challenger = "2"
    until(lambda: version_of(serving) == "2", "version 2 is there")
    shelf.down = True
    until(lambda: serving.following.state == "failing", "the registry is away")
    assert version_of(serving) == "2"
    shelf.down, shelf.challenger = False, None
    until(lambda: serving.following.state == "absent", "nothing has the alias any more")
    assert serving.current is None
    follow.stop()
    shelf.down = True
    serving = follow(source, required=False)
    until(lambda: serving.following.state == "failing", "a restart does not bring it back")
    assert serving.current is None

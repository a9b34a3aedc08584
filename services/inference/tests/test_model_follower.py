"""Finding, verifying, caching and following a model, through a registry of directories.

The real registry is MLflow's; `test_model_mlflow` takes the same path through it.
"""

import threading
from pathlib import Path

import pytest

from contract.manifest import MODEL
from inference.model.cache import BundleCache
from inference.model.registry import Release
from inference.model.serving import ServingModel
from inference.model.source import parse_source

SOURCE = "models:/tweet-sentiment@champion"


def version_of(serving: ServingModel) -> str | None:
    return serving.current and serving.current.version


def folders(cache_dir: Path) -> list[str]:
    return sorted(path.name for path in (cache_dir / "tweet-sentiment").iterdir() if path.is_dir())


def test_serves_the_alias_and_follows_it(follow, shelf, until):
    serving = follow()
    until(lambda: version_of(serving) == "1", "version 1 serves")
    before = serving.require()
    shelf.champion = "2"
    until(lambda: version_of(serving) == "2", "version 2 serves")
    until(lambda: serving.following.state == "up-to-date", "it says so")
    # A request that began before the swap keeps its model.
    assert before.version == "1"
    assert before.bundle.predict(["lovely"])[0].label == "positive"
    assert serving.current.alias == "champion"
    shelf.champion = "1"
    until(lambda: version_of(serving) == "1", "going back works too")
    assert shelf.downloads == ["1", "2"]


def test_a_restart_serves_the_last_bundle_while_the_registry_is_down(follow, shelf, until):
    serving = follow()
    until(lambda: version_of(serving) == "1", "version 1 serves")
    follow.stop()
    shelf.down = True
    again = follow()
    until(lambda: version_of(again) == "1", "the cached bundle serves")
    until(lambda: again.following.state == "failing", "it says that it cannot follow")
    assert again.following.last_error == "the shelf is down"
    assert shelf.downloads == ["1"]
    shelf.down = False
    shelf.champion = "2"
    until(lambda: version_of(again) == "2", "it catches up")
    assert again.following.last_error is None


def test_without_a_cache_it_waits_for_the_registry(follow, shelf, until):
    shelf.champion = None
    serving = follow()
    until(lambda: serving.following.last_error == "no champion", "it says why")
    assert serving.current is None
    shelf.champion = "2"
    until(lambda: version_of(serving) == "2", "it serves once there is something")


@pytest.mark.parametrize("damage", ["byte", "missing"])
def test_a_bad_version_is_not_served_and_not_cached(follow, shelf, until, cache_dir, damage):
    serving = follow()
    until(lambda: version_of(serving) == "1", "version 1 serves")
    model = shelf.bundles["2"] / MODEL
    good = model.read_bytes()
    if damage == "byte":
        model.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
    else:
        model.unlink()
    shelf.champion = "2"
    until(lambda: serving.following.state == "failing", "the version is refused")
    assert ("'checksum'" if damage == "byte" else "'files'") in serving.following.last_error
    assert version_of(serving) == "1"
    until(lambda: len(folders(cache_dir)) == 1, "nothing half-done stays")
    model.write_bytes(good)
    until(lambda: version_of(serving) == "2", "mended, it serves")


def test_a_cached_bundle_that_went_bad_is_refused_and_replaced(follow, shelf, until, cache_dir):
    first = follow()
    until(lambda: version_of(first) == "1", "version 1 serves")
    follow.stop()
    (folder,) = folders(cache_dir)
    model = cache_dir / "tweet-sentiment" / folder / MODEL
    good = model.read_bytes()
    model.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
    shelf.down = True
    serving = follow()
    until(lambda: serving.following.state == "failing", "there is nothing else to serve")
    assert serving.current is None
    shelf.down = False
    until(lambda: version_of(serving) == "1", "it is fetched anew")
    assert model.read_bytes() == good
    assert shelf.downloads == ["1", "1"]


def test_a_registry_made_anew_is_not_mistaken_for_the_old_one(follow, shelf, until):
    first = follow()
    until(lambda: version_of(first) == "1", "version 1 serves")
    follow.stop()
    shelf.era = "b"
    shelf.bundles["1"] = shelf.bundles["3"]
    serving = follow()
    until(lambda: shelf.downloads == ["1", "1"], "the other version 1 is fetched")
    until(
        lambda: serving.current.bundle.predict(["late"])[0].probabilities["negative"] > 0.7,
        "the other version 1 serves",
    )


def test_an_unreadable_record_is_as_good_as_none(follow, shelf, until, cache_dir):
    first = follow()
    until(lambda: version_of(first) == "1", "version 1 serves")
    follow.stop()
    (record,) = (cache_dir / "tweet-sentiment").glob("*.json")
    record.write_text('{"current": ')
    serving = follow()
    until(lambda: version_of(serving) == "1", "it is fetched anew")
    assert len(folders(cache_dir)) == 1


def test_a_fixed_version_is_loaded_once(follow, shelf, until):
    serving = follow("models:/tweet-sentiment/2")
    until(lambda: serving.following.state == "loaded", "version 2 serves")
    assert version_of(serving) == "2"
    assert serving.current.alias is None


def test_two_processes_share_a_cache(follow, shelf, until, cache_dir):
    servings = [follow() for _ in range(4)]
    for champion in ("2", "1", "3"):
        shelf.champion = champion
        for serving in servings:
            until(lambda found=serving: version_of(found) == champion, "all follow")  # noqa: B023
    until(
        lambda: all(not name.startswith(".tmp") for name in folders(cache_dir)), "nothing is left"
    )
    follow.stop()
    shelf.down = True
    again = follow()
    until(lambda: version_of(again) == "3", "the cache is whole")


def test_old_bundles_are_pruned_but_not_the_previous_one(shelf, cache_dir, monkeypatch):
    monkeypatch.setattr("inference.model.cache.SETTLED_SECONDS", -1)
    cache = BundleCache(cache_dir, parse_source(SOURCE))
    kept = []
    for version in ("1", "2", "3"):
        with cache.workspace() as folder:
            path = shelf.download("tweet-sentiment", version, folder)
            entry = cache.keep(path, Release(version, f"a-{version}"))
        cache.serve(entry)
        kept.append(entry.folder)
    assert folders(cache_dir) == sorted(kept[1:])
    assert cache.record().current.version == "3"
    assert cache.find(Release("2", "a-2")).folder == kept[1]
    assert cache.find(Release("1", "a-1")) is None


def test_swapping_under_load_fails_no_request(follow, shelf, until):
    serving = follow()
    until(lambda: version_of(serving) == "1", "version 1 serves")
    stop = threading.Event()
    failures = []
    seen = set()

    def ask() -> None:
        while not stop.is_set():
            served = serving.require()
            seen.add(served.version)
            if served.bundle.predict(["lovely crew"])[0].label != "positive":
                failures.append(served.version)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for champion in ("2", "3", "1"):
        shelf.champion = champion
        until(lambda: version_of(serving) == champion, "it swaps")  # noqa: B023
    stop.set()
    for thread in threads:
        thread.join()
    assert failures == []
    assert seen == {"1", "2", "3"}

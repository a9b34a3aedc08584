"""The parts of access by themselves: limits, modes, keys and their copy on the disk."""

import json
import re
import stat
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.engine import make_url

from inference.access import repository
from inference.access.callers import Caller
from inference.access.keys import (
    KeptKey,
    check_given,
    check_name,
    digest_of,
    make_key,
    parse_scopes,
    spoken_scopes,
)
from inference.access.limits import Limiter, headers_of
from inference.access.mode import keys_are_asked
from inference.access.repository import KeyRefusedError
from inference.access.ring import FILE, KeyRing
from inference.access.scopes import Scope
from inference.loopback import is_loopback
from inference.problems import ServiceError
from inference.settings import Settings, SettingsError
from inference.store.store import Store

SECRET = "0123456789abcdef0123456789abcdef"
NOW = datetime(2026, 5, 6, 7, 8, 9, tzinfo=UTC)


def kept(name="page", key="k", **more):
    scopes = frozenset({Scope.PREDICT, Scope.FEEDBACK})
    values = {"requests_per_minute": None, "created_at": NOW} | more
    return KeptKey(digest_of(key), Caller(name, scopes), **values)


@pytest.fixture
def store(store_url, until):
    store = Store(make_url(store_url), migrate=True)
    store.open()
    until(lambda: store._problem is None, "the store opens")
    yield store
    store.close()


def test_a_quota_can_be_used_at_once_and_comes_back_evenly():
    limiter = Limiter()
    turns = [limiter.take("a", 60, 1000.0) for _ in range(60)]
    assert [turn.remaining for turn in turns] == list(range(59, -1, -1))
    assert all(turn.allowed for turn in turns)
    assert turns[0].full_in == pytest.approx(1)
    refused = limiter.take("a", 60, 1000.0)
    assert not refused.allowed
    assert refused.retry_in == pytest.approx(1)
    assert limiter.take("b", 60, 1000.0).allowed
    # What was refused is not counted.
    assert limiter.take("a", 60, 1000.0 + refused.retry_in).allowed
    assert not limiter.take("a", 60, 1001.0).allowed
    assert limiter.take("a", 60, 1031.0).remaining == 29
    assert limiter.take("a", 60, 5000.0).remaining == 59


@pytest.mark.parametrize("quota", [1, 7, 600, 100_000])
def test_over_a_long_time_no_more_than_the_quota_passes(quota):
    limiter = Limiter()
    minutes, tries = 5, 4 * quota
    passed = sum(
        limiter.take("a", quota, 100.0 + 60 * minutes * index / (tries * minutes)).allowed
        for index in range(tries * minutes)
    )
    assert quota * minutes <= passed <= quota * (minutes + 1)


def test_headers_have_the_form_of_the_draft():
    limiter = Limiter()
    limiter.take("a", 30, 0.0)
    headers = headers_of(30, limiter.take("a", 30, 0.5))
    assert headers == {
        "RateLimit-Policy": '"requests";q=30;w=60',
        "RateLimit": '"requests";r=28;t=4',
    }


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("10.0.0.7", False),
        ("radar.example", False),
        ("", False),
    ],
)
def test_loopback(host, expected):
    assert is_loopback(host) is expected


def test_without_a_word_only_a_developer_s_own_machine_is_open():
    development = Settings()
    assert keys_are_asked(development, "127.0.0.1") is False
    for host in ("0.0.0.0", "::", "192.0.2.7"):
        with pytest.raises(SettingsError, match=r"^ACCESS: .*ACCESS=keys .*ACCESS=open"):
            keys_are_asked(development, host)
    for environment in ("staging", "production"):
        settings = Settings(environment=environment, text_hmac_key=SECRET)
        with pytest.raises(SettingsError, match=rf"^ACCESS: in {environment} "):
            keys_are_asked(settings, "127.0.0.1")


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
@pytest.mark.parametrize("environment", ["development", "production"])
def test_what_is_said_holds_everywhere(host, environment):
    for access in ("keys", "open"):
        settings = Settings(access=access, environment=environment, text_hmac_key=SECRET)
        assert keys_are_asked(settings, host) is (access == "keys")


def test_made_keys_are_random_and_can_be_given():
    keys = {make_key() for _ in range(100)}
    assert len(keys) == 100
    for key in keys:
        check_given(key)
        assert re.fullmatch(r"radar_[\w-]{43}", key)


@pytest.mark.parametrize("key", ["", "x" * 64, "0123456789" * 4, f"change-me-{SECRET}-{SECRET}"])
def test_a_key_that_is_no_secret_is_not_taken(key):
    with pytest.raises(ValueError, match="secret of 43 characters"):
        check_given(key)


def test_a_key_that_no_header_carries_is_not_taken():
    with pytest.raises(ValueError, match="header"):
        check_given(f"{SECRET} {SECRET}")


@pytest.mark.parametrize("name", ["", "-a", "a b", "a\n", "é", "a" * 65, "a/b"])
def test_a_name_that_is_none(name):
    with pytest.raises(ValueError, match="64 letters"):
        check_name(name)


def test_scopes_of_a_newer_version_are_left_out():
    scopes = parse_scopes("admin fly predict")
    assert scopes == {Scope.ADMIN, Scope.PREDICT}
    assert spoken_scopes(scopes) == "admin predict"


def test_keys_come_back_as_they_went(store):
    key = kept(expires_at=NOW + timedelta(days=1), requests_per_minute=60)
    store.run(lambda connection: repository.add_key(connection, key))
    assert store.run(repository.every_key, read_only=True) == [key]
    with pytest.raises(KeyRefusedError, match="choose another name"):
        store.run(lambda connection: repository.add_key(connection, kept(key="other")))


def test_a_revoked_name_and_key_stay_so(store):
    def run(work, *arguments):
        return store.run(lambda connection: work(connection, *arguments))

    with pytest.raises(KeyRefusedError, match="no key named page"):
        run(repository.revoke_key, "page")
    run(repository.add_key, kept())
    run(repository.revoke_key, "page")
    for work, argument in (
        (repository.revoke_key, "page"),
        (repository.add_key, kept(key="other")),
        (repository.put_key, kept()),
    ):
        with pytest.raises(KeyRefusedError):
            run(work, argument)
    assert run(repository.put_key, kept(key="other")) is True
    (found,) = store.run(repository.every_key)
    assert (found.digest, found.revoked_at) == (digest_of("other"), None)


def test_a_given_key_again_keeps_its_age_and_takes_new_scopes(store):
    def put(key):
        return store.run(lambda connection: repository.put_key(connection, key))

    assert put(kept()) is True
    later = kept(created_at=NOW + timedelta(days=1), requests_per_minute=7)
    assert put(later) is False
    (found,) = store.run(repository.every_key)
    assert (found.created_at, found.requests_per_minute) == (NOW, 7)


def test_the_ring_finds_what_the_store_has(store):
    ring = KeyRing(store)
    with pytest.raises(ServiceError, match="not read yet"):
        ring.find("k")
    store.run(lambda connection: repository.add_key(connection, kept()))
    ring.refresh()
    assert ring.find("k") == kept()
    assert ring.find("K") is None
    store.run(lambda connection: repository.revoke_key(connection, "page"))
    ring.refresh()
    assert ring.find("k") is None


def test_the_copy_holds_digests_for_its_owner_alone_and_serves_the_next_start(store, tmp_path):
    key = kept(expires_at=NOW + timedelta(days=1), requests_per_minute=60, key=SECRET)
    revoked = kept("old", key="revoked", revoked_at=NOW)
    for each in (key, revoked):
        store.run(lambda connection, each=each: repository.add_key(connection, each))
    KeyRing(store, tmp_path).refresh()
    path = tmp_path / FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert SECRET not in path.read_text()

    closed = Store(make_url(f"sqlite:///{tmp_path}/never/opened.db"), migrate=False)
    ring = KeyRing(closed, tmp_path)
    ring.start()
    assert ring.find(SECRET) == key
    assert ring.find("revoked") is None
    ring.stop()
    closed.close()


@pytest.mark.parametrize(
    "content", ["", "{", "[7]", '[{"name": "a"}]', json.dumps([{"moments": 3}])]
)
def test_a_copy_that_cannot_be_read_is_as_none(tmp_path, content):
    (tmp_path / FILE).write_text(content)
    closed = Store(make_url(f"sqlite:///{tmp_path}/never/opened.db"), migrate=False)
    ring = KeyRing(closed, tmp_path)
    ring.start()
    with pytest.raises(ServiceError, match="not read yet"):
        ring.check()
    ring.stop()
    closed.close()

"""The key store: secrets stay closed, revocation is final, nonces survive."""

from __future__ import annotations

import sqlite3
import stat
from pathlib import Path

import pytest

from plimsoll.errors import ConfigError
from plimsoll.runtime.keys import REFRESH_MS, KeyStore


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the store goes."""
    return tmp_path / "keys.db"


def test_files_are_the_owners(path: Path) -> None:
    """The file and its side files cannot be read by others, even if they existed before."""
    path.touch(mode=0o644)
    with KeyStore.open(path) as store:
        store.create(1, ["read"], "x", now_ms=1)
        modes = {stat.S_IMODE(one.stat().st_mode) for one in path.parent.iterdir()}
    assert modes == {0o600}


def test_secrets_do_not_show(path: Path) -> None:
    """Neither the key nor a list of keys prints its secret."""
    with KeyStore.open(path) as store:
        key = store.create(1, ["read"], "x", now_ms=1)
        assert len(key.secret) == 64
        assert key.secret not in f"{key} {key!r} {store.keys()} {key.api_key()}"


def test_keys_survive_and_differ(path: Path) -> None:
    """What was created is found again, with every property."""
    with KeyStore.open(path) as store:
        keys = [store.create(n, ["read", "trade"], f"k{n}", now_ms=n) for n in range(5)]
    with KeyStore.open(path) as store:
        assert [store.find(key.key_id, now_ms=9) for key in keys] == keys
        assert store.keys() == keys
        assert store.find("pk_nobody", now_ms=9) is None
    assert len({key.key_id for key in keys} | {key.secret for key in keys}) == 10


def test_other_processes_see_changes_soon(path: Path) -> None:
    """A key made or revoked elsewhere counts here within the refresh interval."""
    with KeyStore.open(path) as here, KeyStore.open(path) as elsewhere:
        assert here.find("pk_nobody", now_ms=0) is None
        key = elsewhere.create(1, ["read"], "x", now_ms=0)
        assert here.find(key.key_id, now_ms=REFRESH_MS) == key
        assert elsewhere.revoke(key.key_id, now_ms=5)
        assert elsewhere.find(key.key_id, now_ms=5) is None
        assert here.find(key.key_id, now_ms=2 * REFRESH_MS) is None


def test_revocation_is_final(path: Path) -> None:
    """A key ends once; unknown keys cannot be revoked."""
    with KeyStore.open(path) as store:
        key = store.create(1, ["read"], "x", now_ms=0)
        answers = [store.revoke(one, now_ms=5) for one in (key.key_id, key.key_id, "pk_nobody")]
        assert answers == [True, False, False]
        (found,) = store.keys()
        assert (found.active, found.revoked_ms) == (False, 5)


def test_a_nonce_is_used_once_until_its_time(path: Path) -> None:
    """Across restarts and across two stores on one file."""
    with KeyStore.open(path) as one, KeyStore.open(path) as two:
        assert one.use_nonce("k", "n", now_ms=0, until_ms=10)
        assert not one.use_nonce("k", "n", now_ms=10, until_ms=20)
        assert not two.use_nonce("k", "n", now_ms=10, until_ms=20)
        assert two.use_nonce("other", "n", now_ms=10, until_ms=20)
    with KeyStore.open(path) as again:
        assert not again.use_nonce("k", "n", now_ms=10, until_ms=20)
        assert again.use_nonce("k", "n", now_ms=11, until_ms=20)


def test_purge_forgets_what_is_over(path: Path) -> None:
    """Only nonces whose time has passed leave the file."""
    with KeyStore.open(path) as store:
        for until in range(10):
            store.use_nonce("k", f"n{until}", now_ms=0, until_ms=until)
        store.purge(5)
    with sqlite3.connect(path) as db:
        left = db.execute("SELECT count(*), min(until_ms) FROM nonces").fetchone()
    db.close()
    assert left == (5, 5)


@pytest.mark.parametrize(
    ("principal", "scopes", "label"),
    [(1, [], "x"), (1, ["root"], "x"), (-1, ["read"], "x"), (1, ["read"], "x" * 65),
     (1, ["read"], "a\nb")],
)  # fmt: skip
def test_bad_keys_are_refused(path: Path, principal: int, scopes: list[str], label: str) -> None:
    """Unknown scopes, no scopes, no principal, labels that would spoil a list."""
    with KeyStore.open(path) as store:
        with pytest.raises(ConfigError):
            store.create(principal, scopes, label, now_ms=0)
        assert store.keys() == []


def test_foreign_files_are_left_alone(path: Path) -> None:
    """A file that is no key store is refused and not changed."""
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE other (a)")
    db.close()
    before = path.read_bytes()
    with pytest.raises(ConfigError, match="key store"):
        KeyStore.open(path)
    assert path.read_bytes() == before
    path.write_bytes(b"not a database at all, but long enough to look at" * 50)
    with pytest.raises(ConfigError, match="key store"):
        KeyStore.open(path)

"""The key store: who may call the API, and which nonces were used. A SQLite file, ``keys.db``.

Signatures are made with a shared secret, so secrets are kept as they are: the file is readable by
its owner only, and no ``repr`` or list shows one. Several processes may use the store at once (a
node, and the command line beside it); a change shows everywhere within ``REFRESH_MS``.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Self

import msgspec

from plimsoll.client.signing import ApiKey
from plimsoll.errors import ConfigError

KEYS_NAME: Final = "keys.db"
READ: Final = "read"
TRADE: Final = "trade"
WITHDRAW: Final = "withdraw"
ADMIN: Final = "admin"
KEEPER: Final = "keeper"
SCOPES: Final = (READ, TRADE, WITHDRAW, ADMIN, KEEPER)
"""What a key may be used for; none contains another."""

REFRESH_MS: Final = 1_000
LABEL_MAX: Final = 64
KEYS_MAX: Final = 100_000
NONCES_MAX: Final = 2_000_000
PURGE_EVERY: Final = 4_096

_BUSY_SECONDS: Final = 5.0
_APPLICATION_ID: Final = 0x504C4B59  # "PLKY"
_FORMAT: Final = 1
_TABLES: Final = (
    """CREATE TABLE keys (
        key_id TEXT PRIMARY KEY, secret TEXT NOT NULL, principal INTEGER NOT NULL,
        scopes TEXT NOT NULL, label TEXT NOT NULL, created_ms INTEGER NOT NULL,
        revoked_ms INTEGER) STRICT""",
    """CREATE TABLE nonces (
        key_id TEXT NOT NULL, nonce TEXT NOT NULL, until_ms INTEGER NOT NULL,
        PRIMARY KEY (key_id, nonce)) STRICT, WITHOUT ROWID""",
    "CREATE INDEX nonces_until ON nonces (until_ms)",
    f"PRAGMA application_id = {_APPLICATION_ID}",
    f"PRAGMA user_version = {_FORMAT}",
)


class StoredKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key: whom it acts for and what it may do. Times in ms; the secret never shows."""

    key_id: str
    secret: str
    principal: int
    scopes: frozenset[str]
    label: str
    created_ms: int
    revoked_ms: int | None = None

    def __repr__(self) -> str:
        scopes = "+".join(scope for scope in SCOPES if scope in self.scopes)
        return f"StoredKey(key_id={self.key_id!r}, principal={self.principal}, scopes={scopes})"

    @property
    def active(self) -> bool:
        """Whether it still opens anything."""
        return self.revoked_ms is None

    def api_key(self) -> ApiKey:
        """Id and secret, as the holder of the key needs them."""
        return ApiKey(key_id=self.key_id, secret=self.secret)


class KeyStore:
    """Keys and used nonces. One thread at a time; `close` it, or use it as a context manager."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._keys: dict[str, StoredKey] = {}
        self._version = -1
        self._looked_ms = -REFRESH_MS
        self._nonces: dict[tuple[str, str], int] = {}
        self._since_purge = 0
        for key_id, nonce, until in db.execute("SELECT key_id, nonce, until_ms FROM nonces"):
            self._nonces[key_id, nonce] = until

    @classmethod
    def open(cls, path: Path | str) -> KeyStore:
        """Open the store, made if missing, with mode 0600; ``":memory:"`` for one that is lost.

        Errors: `ConfigError` if the file is something else or cannot be used.
        """
        try:
            return cls(_connect(path))
        except (sqlite3.Error, OSError) as error:
            raise ConfigError(
                f"the key store {path} cannot be used: {error}",
                remedy="Check that the data directory is writable and the file is a key store.",
            ) from error

    def create(
        self, principal: int, scopes: Iterable[str], label: str, *, now_ms: int
    ) -> StoredKey:
        """A new key with a random secret of 256 bits. Errors: `ConfigError`."""
        wanted = frozenset(scopes)
        if not wanted or not wanted <= frozenset(SCOPES):
            raise ConfigError(f"scopes are one or more of {', '.join(SCOPES)}")
        if principal < 0 or len(label) > LABEL_MAX or not label.isprintable():
            raise ConfigError(f"a key needs a principal and a label of up to {LABEL_MAX} letters")
        if self._count() >= KEYS_MAX:
            raise ConfigError(f"there are {KEYS_MAX} keys already")
        key = StoredKey(
            key_id="pk_" + secrets.token_hex(10),
            secret=secrets.token_hex(32),
            principal=principal,
            scopes=wanted,
            label=label,
            created_ms=now_ms,
        )
        text = ",".join(scope for scope in SCOPES if scope in wanted)
        with _changing(self._db):
            self._db.execute(
                "INSERT INTO keys VALUES (?, ?, ?, ?, ?, ?, NULL)",
                (key.key_id, key.secret, principal, text, label, now_ms),
            )
        self._keys[key.key_id] = key
        return key

    def revoke(self, key_id: str, *, now_ms: int) -> bool:
        """End a key for good; False if there is no such active key."""
        with _changing(self._db):
            done = self._db.execute(
                "UPDATE keys SET revoked_ms = ? WHERE key_id = ? AND revoked_ms IS NULL",
                (now_ms, key_id),
            )
        self._version = -1
        self._looked_ms = -REFRESH_MS
        return done.rowcount == 1

    def find(self, key_id: str, *, now_ms: int) -> StoredKey | None:
        """The active key of this id, None if there is none."""
        # Looked up at most once per interval, whatever is asked: unknown ids cost no more.
        if not 0 <= now_ms - self._looked_ms < REFRESH_MS:
            self._refresh(now_ms)
        key = self._keys.get(key_id)
        return key if key is not None and key.active else None

    def keys(self) -> list[StoredKey]:
        """Every key, revoked ones too, oldest first."""
        rows = self._db.execute("SELECT * FROM keys ORDER BY created_ms, key_id")
        return [_key(row) for row in rows]

    def use_nonce(self, key_id: str, nonce: str, *, now_ms: int, until_ms: int) -> bool:
        """Mark a nonce as used until ``until_ms``; False if it is in use.

        It is in the file when this returns, so that a restart does not forget it.
        """
        self._since_purge += 1
        if self._since_purge >= PURGE_EVERY or len(self._nonces) >= NONCES_MAX:
            self.purge(now_ms)
        if (
            self._nonces.get((key_id, nonce), -1) >= now_ms
            or len(self._nonces) >= NONCES_MAX
            or not self._insert(key_id, nonce, now_ms, until_ms)
        ):
            return False
        self._nonces[key_id, nonce] = until_ms
        return True

    def _insert(self, key_id: str, nonce: str, now_ms: int, until_ms: int) -> bool:
        # Another node on the same file may have seen the nonce: the table decides.
        done = self._db.execute(
            "INSERT INTO nonces VALUES (?, ?, ?) ON CONFLICT (key_id, nonce) DO UPDATE "
            "SET until_ms = excluded.until_ms WHERE nonces.until_ms < ?",
            (key_id, nonce, until_ms, now_ms),
        )
        return done.rowcount == 1

    def purge(self, now_ms: int) -> None:
        """Forget the nonces whose time has passed."""
        self._since_purge = 0
        self._db.execute("DELETE FROM nonces WHERE until_ms < ?", (now_ms,))
        self._nonces = {key: until for key, until in self._nonces.items() if until >= now_ms}

    def close(self) -> None:
        """Release the file."""
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _refresh(self, now_ms: int) -> None:
        self._looked_ms = now_ms
        version = self._db.execute("PRAGMA data_version").fetchone()[0]
        if version != self._version:
            self._keys = {key.key_id: key for key in self.keys()}
            self._version = version

    def _count(self) -> int:
        return int(self._db.execute("SELECT count(*) FROM keys").fetchone()[0])


def _key(row: tuple[str, str, int, str, str, int, int | None]) -> StoredKey:
    key_id, secret, principal, scopes, label, created, revoked = row
    return StoredKey(
        key_id=key_id,
        secret=secret,
        principal=principal,
        scopes=frozenset(scopes.split(",")),
        label=label,
        created_ms=created,
        revoked_ms=revoked,
    )


def _connect(path: Path | str) -> sqlite3.Connection:
    if str(path) != ":memory:":
        # Created closed to others before anything is in it; SQLite gives its side files the same.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        Path(path).chmod(0o600)
    db = sqlite3.connect(path, isolation_level=None, timeout=_BUSY_SECONDS, check_same_thread=False)
    try:
        _prepare(db)
    except BaseException:
        db.close()
        raise
    return db


def _prepare(db: sqlite3.Connection) -> None:
    ident = db.execute("PRAGMA application_id").fetchone()[0]
    version = db.execute("PRAGMA user_version").fetchone()[0]
    fresh = not db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if not (fresh and ident == 0) and (ident, version) != (_APPLICATION_ID, _FORMAT):
        raise sqlite3.DatabaseError("not a key store of this version")
    db.execute("PRAGMA trusted_schema = OFF")
    db.execute("PRAGMA journal_mode = WAL")
    if fresh:
        with _changing(db):
            if not db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                for statement in _TABLES:
                    db.execute(statement)
    # A nonce must survive the process, not the power: no machine is up again in its window.
    db.execute("PRAGMA synchronous = NORMAL")


@contextmanager
def _changing(db: sqlite3.Connection) -> Iterator[None]:
    db.execute("PRAGMA synchronous = FULL")
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        db.execute("ROLLBACK")
        raise
    else:
        db.execute("COMMIT")
    finally:
        db.execute("PRAGMA synchronous = NORMAL")

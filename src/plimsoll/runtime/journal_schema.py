"""Connection, format and tables of the journal's SQLite file; SQLite's errors made ours."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from plimsoll.errors import (
    JournalCorrupt,
    JournalError,
    JournalFormat,
    JournalLocked,
    JournalReadFailed,
)
from plimsoll.runtime.journal_format import APPLICATION_ID, FORMAT_VERSION, MIGRATIONS

_BUSY_SECONDS = 5.0  # how long a writer waits for another one to let go of the file
_PRIMARY_CODE = 0xFF
_LOCK_CODES = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_SYSTEM_CODES = frozenset(
    {
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_AUTH,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_INTERRUPT,
    }
)
_OBJECTS = "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name"

_Objects = list[tuple[str, str, str, str | None]]


def connect(path: Path, *, create: bool, read_only: bool) -> sqlite3.Connection:
    """Open the database file, durable by settings that this function verifies.

    Errors: `JournalFormat` if the file system cannot do write-ahead logging, else as `reading`.
    """
    mode = "ro" if read_only else "rwc" if create else "rw"
    with reading(path):
        db = sqlite3.connect(
            f"{path.resolve().as_uri()}?mode={mode}",
            uri=True,
            isolation_level=None,
            timeout=_BUSY_SECONDS,
        )
        try:
            # A memory-mapped read of a bad sector would be a signal instead of an error.
            for setting in ("cell_size_check = ON", "mmap_size = 0", "trusted_schema = OFF"):
                db.execute(f"PRAGMA {setting}")
            if not read_only:
                _make_durable(db, path)
        except BaseException:
            db.close()
            raise
    return db


def _make_durable(db: sqlite3.Connection, path: Path) -> None:
    # Looked at first: a foreign database must not be switched to WAL mode by mistake.
    if not is_empty(db, path):
        format_version(db, path)
    for setting in ("synchronous = FULL", "fullfsync = ON", "wal_autocheckpoint = 0"):
        db.execute(f"PRAGMA {setting}")
    if db.execute("PRAGMA journal_mode = WAL").fetchone()[0] != "wal":
        raise JournalFormat(
            f"the file system of {path} cannot hold a write-ahead log",
            remedy="Use a local disk for the data directory.",
        )


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn errors of SQLite and the system into `JournalError` while reading ``path``."""
    try:
        yield
    except sqlite3.Error as error:
        raise _read_error(path, error) from error
    except UnicodeDecodeError as error:
        raise JournalCorrupt(f"the journal {path} is damaged: {error}") from error
    except (OSError, MemoryError, OverflowError) as error:
        raise _unreadable(path, error) from error


def _read_error(path: Path, error: sqlite3.Error) -> JournalError:
    # Errors found by the Python layer, such as text that is not UTF-8, carry no code: damage.
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & _PRIMARY_CODE
    if code in _LOCK_CODES:
        return JournalLocked(f"the journal {path} is held by another process: {error}")
    if code in _SYSTEM_CODES:
        return _unreadable(path, error)
    return JournalCorrupt(f"the journal {path} is damaged: {error}")


def _unreadable(path: Path, error: Exception) -> JournalReadFailed:
    return JournalReadFailed(f"the journal {path} could not be opened or read: {error}")


def is_empty(db: sqlite3.Connection, path: Path) -> bool:
    """Whether the file was never initialised (new, or its creation was cut short)."""
    with reading(path):
        numbers = [
            db.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("application_id", "user_version")
        ]
        return not any(numbers) and not db.execute(_OBJECTS).fetchall()


def format_version(db: sqlite3.Connection, path: Path) -> int:
    """The file's format, 1 to `FORMAT_VERSION`. Errors: `JournalFormat`."""
    with reading(path):
        application_id = db.execute("PRAGMA application_id").fetchone()[0]
        version = int(db.execute("PRAGMA user_version").fetchone()[0])
    if application_id != APPLICATION_ID:
        raise JournalFormat(f"{path} is not a Plimsoll journal")
    if not 1 <= version <= FORMAT_VERSION:
        raise JournalFormat(
            f"{path} has format {version}; this version knows formats up to {FORMAT_VERSION}"
        )
    return version


def migrate(db: sqlite3.Connection, version: int) -> None:
    """Bring the tables from format ``version`` (0: none) to the newest, in the open transaction."""
    for statements in MIGRATIONS[version:]:
        for statement in statements:
            db.execute(statement)
    if version < FORMAT_VERSION:
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        db.execute(f"PRAGMA user_version = {FORMAT_VERSION}")


def check(db: sqlite3.Connection, path: Path) -> None:
    """Verify format and tables. Errors: `JournalFormat`, `JournalCorrupt`."""
    version = format_version(db, path)
    if version < FORMAT_VERSION:
        raise JournalFormat(
            f"{path} has the older format {version}",
            remedy="Start the node on it once, which brings it up to date.",
        )
    with reading(path):
        objects: _Objects = db.execute(_OBJECTS).fetchall()
    if objects != _expected_objects():
        raise JournalCorrupt(f"the tables of {path} are not those of format {version}")


@cache
def _expected_objects() -> _Objects:
    db = sqlite3.connect(":memory:", isolation_level=None)
    try:
        migrate(db, 0)
        objects: _Objects = db.execute(_OBJECTS).fetchall()
    finally:
        db.close()
    return objects

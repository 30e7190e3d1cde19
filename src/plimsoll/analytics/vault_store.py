"""The file of the kept history: a point for every hour and day, and where to go on from.

SQLite in WAL mode beside the journal. Points and checkpoint are written in one transaction, so that
the file always says what was true after one record. It is derived: whatever is wrong with it, it is
made again from the journal.

Spec: docs/spec/28-attribution.md, "Kept history".
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

import plimsoll
from plimsoll.analytics.attribution import CAUSES
from plimsoll.runtime.pnl import DAY_MS, HOUR_MS, RESOLUTIONS, Point
from plimsoll.units import div_floor

STORE_NAME: Final = "vault_history.db"
MEMORY: Final = Path(":memory:")
FORMAT: Final = 1
APPLICATION_ID: Final = 0x504C5648
HOURS_KEPT_MS: Final = 90 * DAY_MS
"""Hours that began longer ago than this are dropped; days stay."""

# Amounts are texts: a share price may be longer than SQLite's integers.
_AMOUNTS: Final = ("nav", "flows", *CAUSES, "worth", "supply", "share_price", "price")
_TABLES: Final = f"""
CREATE TABLE IF NOT EXISTS points (
    source TEXT NOT NULL, resolution INTEGER NOT NULL, bucket INTEGER NOT NULL,
    ts INTEGER NOT NULL, seq INTEGER NOT NULL, {", ".join(f"{name} TEXT" for name in _AMOUNTS)},
    PRIMARY KEY (source, resolution, bucket)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS checkpoint (
    one INTEGER PRIMARY KEY CHECK (one = 1), code TEXT NOT NULL,
    seq INTEGER NOT NULL, ts INTEGER NOT NULL, chain BLOB NOT NULL, attribution TEXT NOT NULL
);
"""
_PLACES: Final = ", ".join("?" * (5 + len(_AMOUNTS)))
_PUT: Final = f"INSERT OR REPLACE INTO points VALUES ({_PLACES})"  # noqa: S608 - question marks
_DROP_HOURS: Final = "DELETE FROM points WHERE source = ? AND resolution = ? AND bucket < ?"
_KEEP: Final = "INSERT OR REPLACE INTO checkpoint VALUES (1, ?, ?, ?, ?, ?)"
_WITHIN: Final = """
    SELECT * FROM points WHERE source = ? AND resolution = ? AND bucket BETWEEN ? AND ?
    AND ts BETWEEN ? AND ? ORDER BY bucket """
_EVER: Final = 2**62


class Checkpoint(NamedTuple):
    """Where the points end: the attribution after record ``seq`` of the time ``ts`` (ms), whose
    hash in the journal's chain is ``chain`` (empty without a journal).
    """

    seq: int
    ts: int
    chain: bytes
    attribution: list[Any]


class Window(NamedTuple):
    """Times (ms, both included; None: open) and at most how many points: the first ones from
    ``since`` on, without it the newest.
    """

    since: int | None
    until: int | None
    limit: int


def bucket_of(ts: int, resolution: int) -> int:
    """The start (ms) of the hour or day, UTC, that a time lies in."""
    return div_floor(ts, resolution) * resolution


def read_checkpoint(path: Path) -> Checkpoint | None:
    """The checkpoint of a file; None if there is none, or it is damaged or of another version."""
    if not path.exists():
        return None
    try:
        with closing(_read_only(path)) as db:
            sound = _is_ours(db) and db.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok"
            return _checkpoint(db) if sound else None
    except (sqlite3.Error, ValueError, TypeError):
        return None


def _read_only(path: Path) -> sqlite3.Connection:
    uri = f"{path.resolve().as_uri()}?mode=ro"
    return sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)


def _is_ours(db: sqlite3.Connection) -> bool:
    names = ("application_id", "user_version")
    return [db.execute(f"PRAGMA {one}").fetchone()[0] for one in names] == [APPLICATION_ID, FORMAT]


def _checkpoint(db: sqlite3.Connection) -> Checkpoint | None:
    row = db.execute("SELECT code, seq, ts, chain, attribution FROM checkpoint").fetchone()
    if row is None or row[0] != plimsoll.__version__:
        return None
    return Checkpoint(int(row[1]), int(row[2]), bytes(row[3]), json.loads(row[4]))


class PointStore:
    """The open file; belongs to one thread at a time. All raise `sqlite3.Error`."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    @classmethod
    def open(cls, path: Path, *, afresh: bool = False) -> Self:
        """Open the file or make it; ``afresh`` throws away the one that is there."""
        if afresh and path != MEMORY:
            for end in ("", "-wal", "-shm"):
                path.with_name(path.name + end).unlink(missing_ok=True)
        db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        try:
            # What a power cut takes is made again.
            for setting in ("journal_mode = WAL", "synchronous = NORMAL", "trusted_schema = OFF"):
                db.execute(f"PRAGMA {setting}")
            db.executescript(_TABLES)
            db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            db.execute(f"PRAGMA user_version = {FORMAT}")
        except BaseException:
            db.close()
            raise
        return cls(db)

    @classmethod
    def read(cls, path: Path) -> Self:
        """Open a file to look at, also beside the node that writes it."""
        return cls(_read_only(path))

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def write(self, points: Sequence[Point], checkpoint: Checkpoint) -> None:
        """Put points, oldest first, into their hours and days, and the checkpoint: all or nothing.
        Hours of their sources that are too old go.
        """
        rows = [_row(point, length) for point in points for length in RESOLUTIONS.values()]
        oldest = bucket_of(checkpoint.ts, HOUR_MS) - HOURS_KEPT_MS
        old = [(source, HOUR_MS, oldest) for source in dict.fromkeys(one.source for one in points)]
        attribution = json.dumps(checkpoint.attribution, separators=(",", ":"))
        kept = (checkpoint.seq, checkpoint.ts, checkpoint.chain, attribution)
        with self._transaction():
            self._db.executemany(_PUT, rows)
            self._db.executemany(_DROP_HOURS, old)
            self._db.execute(_KEEP, (plimsoll.__version__, *kept))

    def within(self, source: str, resolution: int, window: Window) -> list[Point]:
        """The points of a window, oldest first."""
        since = 0 if window.since is None else max(0, window.since)
        until = _EVER if window.until is None else min(_EVER, window.until)
        newest = window.since is None
        sql = f"{_WITHIN} {'DESC' if newest else 'ASC'} LIMIT ?"
        first = bucket_of(since, resolution)
        values = (source, resolution, first, until, since, until, window.limit)
        found = [_point(row) for row in self._db.execute(sql, values)]
        return found[::-1] if newest else found

    def before(self, source: str, ts: int) -> Point | None:
        """The last point that is not later than a time (ms)."""
        found: list[Point] = []
        for length in RESOLUTIONS.values():
            found += self.within(source, length, Window(None, ts, 1))
        return max(found, key=lambda point: point.seq, default=None)

    def everything(self) -> tuple[Checkpoint | None, dict[tuple[str, int, int], Point]]:
        """The checkpoint and all points, by source, resolution and bucket, of one moment."""
        with self._transaction():
            rows = self._db.execute("SELECT * FROM points ORDER BY 1, 2, 3").fetchall()
            return _checkpoint(self._db), {(row[0], row[1], row[2]): _point(row) for row in rows}


def _row(point: Point, resolution: int) -> tuple[object, ...]:
    amounts = (
        point.nav, point.flows, *(point.causes[name] for name in CAUSES), point.worth,
        point.supply, point.share_price, point.price,
    )  # fmt: skip
    texts = (None if value is None else str(value) for value in amounts)
    bucket = bucket_of(point.ts, resolution)
    return (point.source, resolution, bucket, point.ts, point.seq, *texts)


def _point(row: Sequence[Any]) -> Point:
    source, _, _, ts, seq, *texts = row
    amounts = dict(zip(_AMOUNTS, texts, strict=True))
    share = amounts["share_price"]
    return Point(
        source=source,
        ts=ts,
        seq=seq,
        nav=int(amounts["nav"]),
        flows=int(amounts["flows"]),
        causes={name: int(amounts[name]) for name in CAUSES},
        worth=int(amounts["worth"]),
        supply=int(amounts["supply"]),
        share_price=None if share is None else int(share),
        price=int(amounts["price"]),
    )


def points_in(
    store: PointStore, newer: Iterable[Point], source: str, resolution: int, window: Window
) -> list[Point]:
    """The points of a window, of the store and of what is ``newer`` than it (oldest first)."""
    found = {
        bucket_of(point.ts, resolution): point for point in store.within(source, resolution, window)
    }
    for point in newer:
        if point.source == source:
            bucket = bucket_of(point.ts, resolution)
            # Also if it is out of the window: what was kept is not the last of its hour any more.
            found.pop(bucket, None)
            late = window.until is not None and point.ts > window.until
            if not late and point.ts >= (window.since or 0):
                found[bucket] = point
    ordered = [found[bucket] for bucket in sorted(found)]
    return ordered[-window.limit :] if window.since is None else ordered[: window.limit]


def point_before(store: PointStore, newer: Iterable[Point], source: str, ts: int) -> Point | None:
    """The last point that is not later than a time, of the store and of what is newer."""
    last = [point for point in newer if point.source == source and point.ts <= ts]
    return last[-1] if last else store.before(source, ts)

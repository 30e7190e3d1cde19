"""Points in their file: ranges, what is newer than the file, numbers of any length."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from plimsoll.analytics.attribution import CAUSES, Attribution, Pnl
from plimsoll.analytics.vault_recorder import Recorder
from plimsoll.analytics.vault_store import (
    HOURS_KEPT_MS,
    MEMORY,
    Checkpoint,
    PointStore,
    Window,
    bucket_of,
    point_before,
    points_in,
)
from plimsoll.client.models import PnlCauses
from plimsoll.runtime.pnl import DAY_MS, HOUR_MS, Point
from plimsoll.runtime.publisher import Published

DAY = 1_700_006_400_000
"""A day begins (UTC)."""
MINUTE = 60_000


def point(ts: int, seq: int, source: str = "vault:0", **changes: object) -> Point:
    """A point whose amounts tell its record."""
    values = {
        "nav": seq * 10, "flows": seq, "causes": dict.fromkeys(CAUSES, 0) | {"spread": seq * 9},
        "worth": seq, "supply": seq, "share_price": seq, "price": 0, **changes,
    }  # fmt: skip
    return Point(source=source, ts=ts, seq=seq, **values)  # type: ignore[arg-type]


def checkpoint(seq: int, ts: int) -> Checkpoint:
    """Somewhere in a history."""
    return Checkpoint(seq, ts, b"", [seq])


@pytest.fixture
def store() -> Iterator[PointStore]:
    """Thirty hours with a point at their end, from the beginning of a day on; two sources."""
    made = PointStore.open(MEMORY)
    points = [
        point(DAY + hour * HOUR_MS + 59 * MINUTE, hour + 1, source)
        for hour in range(30)
        for source in ("vault:0", "vamm:0")
    ]
    made.write(points, checkpoint(30, points[-1].ts))
    yield made
    made.close()


def seqs(points: list[Point]) -> list[int]:
    """The records of points."""
    return [one.seq for one in points]


@pytest.mark.parametrize(
    ("since", "until", "limit", "expected"),
    [
        (None, None, 3, [28, 29, 30]),
        (None, None, 99, list(range(1, 31))),
        (DAY, None, 3, [1, 2, 3]),
        (DAY + 59 * MINUTE, None, 2, [1, 2]),
        (DAY + 59 * MINUTE + 1, None, 2, [2, 3]),
        (None, DAY + HOUR_MS + 59 * MINUTE, 9, [1, 2]),
        (None, DAY + HOUR_MS + 59 * MINUTE - 1, 9, [1]),
        (DAY + 2 * HOUR_MS, DAY + 5 * HOUR_MS, 9, [3, 4, 5]),
        (DAY + 2 * HOUR_MS, DAY + 2 * HOUR_MS, 9, []),
        (None, DAY, 9, []),
        (DAY + 99 * HOUR_MS, None, 9, []),
    ],
)
def test_windows(
    store: PointStore, since: int | None, until: int | None, limit: int, expected: list[int]
) -> None:
    """Both ends included, by the time of the point; from the front with a beginning, else from the
    back; always the oldest first."""
    window = Window(since, until, limit)
    assert seqs(points_in(store, [], "vault:0", HOUR_MS, window)) == expected


def test_days_and_sources(store: PointStore) -> None:
    """A day is its last point; sources do not mix; one that is not there has none."""
    assert seqs(points_in(store, [], "vault:0", DAY_MS, Window(None, None, 9))) == [24, 30]
    assert points_in(store, [], "vault:9", HOUR_MS, Window(None, None, 9)) == []
    found = points_in(store, [], "vamm:0", HOUR_MS, Window(None, None, 1))
    assert [one.source for one in found] == ["vamm:0"]


def test_the_last_before(store: PointStore) -> None:
    """The newest point not later than a time, None before all of them."""
    moment = DAY + 5 * HOUR_MS + 59 * MINUTE
    for ts, expected in ((moment, 6), (moment - 1, 5), (moment + 1, 6), (moment + DAY_MS, 30)):
        found = point_before(store, [], "vault:0", ts)
        assert found is not None and found.seq == expected
    assert point_before(store, [], "vault:0", DAY + 59 * MINUTE - 1) is None


def test_the_last_before_is_a_day_where_hours_are_gone(store: PointStore) -> None:
    """Behind the ninety days only whole days are known."""
    late = DAY + HOURS_KEPT_MS + 26 * HOUR_MS
    store.write([point(late, 99)], checkpoint(99, late))
    found = point_before(store, [], "vault:0", DAY + 25 * HOUR_MS)
    assert found is not None and found.seq == 24
    assert seqs(points_in(store, [], "vault:0", HOUR_MS, Window(None, None, 9))) == [
        27,
        28,
        29,
        30,
        99,
    ]
    assert seqs(points_in(store, [], "vault:0", DAY_MS, Window(None, None, 9))) == [24, 30, 99]


def test_what_is_newer_than_the_file(store: PointStore) -> None:
    """A later point of the same hour replaces the kept one, also where it is out of the window;
    another hour is added, and limits hold."""
    last = DAY + 29 * HOUR_MS + 59 * MINUTE
    newer = [point(last + 30_000, 31), point(last + 90_000, 32), point(last, 99, "vamm:0")]
    found = points_in(store, newer, "vault:0", HOUR_MS, Window(None, None, 3))
    assert seqs(found) == [29, 31, 32]
    found = points_in(store, newer, "vault:0", HOUR_MS, Window(DAY, None, 3))
    assert seqs(found) == [1, 2, 3]
    found = points_in(store, newer, "vault:0", HOUR_MS, Window(None, last + 10_000, 2))
    assert seqs(found) == [29]
    assert seqs(points_in(store, newer, "vault:0", DAY_MS, Window(None, None, 9))) == [24, 32]
    before = point_before(store, newer, "vault:0", last + 60_000)
    assert before is not None and before.seq == 31


def test_all_or_nothing(store: PointStore) -> None:
    """A write that fails leaves points and checkpoint as they were."""
    before = store.everything()
    bad = point(DAY, 77, causes={})
    with pytest.raises(KeyError):
        store.write([point(DAY, 50), bad], checkpoint(50, DAY))
    unwritable = Checkpoint(50, DAY, "text", [50])  # type: ignore[arg-type]
    store._db.execute("CREATE TEMP TRIGGER no BEFORE INSERT ON checkpoint BEGIN SELECT "
                      "RAISE(ABORT, 'no'); END")  # fmt: skip
    with pytest.raises(Exception, match="no"):
        store.write([point(DAY, 50)], unwritable)
    assert store.everything() == before


def test_numbers_of_any_length() -> None:
    """Amounts longer than SQLite's integers come back as they were."""
    store = PointStore.open(MEMORY)
    long = 2**70 + 1
    causes = {name: -long - at for at, name in enumerate(CAUSES)}
    kept = point(DAY, 1, nav=-long, flows=long, causes=causes, share_price=long, worth=-long)
    none = point(DAY, 1, "vault:1", share_price=None)
    start = Checkpoint(1, DAY, b"\1" * 32, [long, [["text", -long]]])
    store.write([kept, none], start)
    found, points = store.everything()
    assert found == start
    assert points["vault:0", HOUR_MS, DAY] == kept
    assert points["vault:1", DAY_MS, DAY] == none
    store.close()


def test_causes_have_the_same_names_everywhere() -> None:
    """The attribution, the file and the answers of the API speak of the same seven."""
    assert PnlCauses.__struct_fields__ == CAUSES


class _Fake(Attribution):
    """One vault that is worth the number of records."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def record(self, ts: int, events: object, command: object = None) -> None:
        self.count += 1

    def sources(self) -> list[str]:
        return ["vault:0"]

    def pnl(self, source: str) -> Pnl:
        causes = dict.fromkeys(CAUSES, 0)
        return Pnl(source, 0, self.count, self.count, causes, 0, self.count, None, 0)


@pytest.mark.parametrize(
    ("times", "closed"),
    [
        ([0, 10, HOUR_MS - 1], []),
        ([0, 10, HOUR_MS], [2]),
        ([5, HOUR_MS - 1, HOUR_MS, HOUR_MS + 1, 2 * HOUR_MS], [2, 4]),
        # Hours without a record have no point.
        ([5, 7 * HOUR_MS, 7 * HOUR_MS + 1, 9 * HOUR_MS + 5], [1, 3]),
        # The first record opens no hour that is over.
        ([9 * HOUR_MS, 9 * HOUR_MS + 1], []),
    ],
)
def test_an_hour_ends_with_its_last_record(times: list[int], closed: list[int]) -> None:
    """Its point is what was true before the first record of a later hour."""
    recorder = Recorder()
    recorder._attribution = _Fake()
    for seq, ts in enumerate(times, 1):
        recorder.take(Published(seq, DAY + ts, 0, []))
    assert [(one.seq, one.nav) for one in recorder.closed] == [(seq, seq) for seq in closed]
    assert [one.ts for one in recorder.closed] == [DAY + times[seq - 1] for seq in closed]
    assert [one.seq for one in recorder.newer()] == [*closed, len(times)]


def test_buckets_begin_at_whole_hours_and_days() -> None:
    """UTC, to the millisecond."""
    assert bucket_of(DAY, DAY_MS) == bucket_of(DAY + DAY_MS - 1, DAY_MS) == DAY
    assert bucket_of(DAY - 1, HOUR_MS) == DAY - HOUR_MS

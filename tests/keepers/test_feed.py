"""The mirror stays in step: gaps, holes, lost connections, ghosts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from plimsoll.client.errors import Unreachable
from plimsoll.keepers import feed as feeds
from plimsoll.keepers.feed import Feed
from tests.keepers import fake
from tests.keepers.fake import NOW, FakeClient

RESTED = {"type": "OrderRested", "order": 5, "account": 7, "market": 0, "side": "buy",
          "price": 90, "remaining": 4}  # fmt: skip


@pytest.fixture
async def client(monkeypatch: pytest.MonkeyPatch) -> FakeClient:
    """An exchange at record 10 with one order."""
    monkeypatch.setattr(feeds, "WAIT_FIRST", 0.0)
    return FakeClient(fake.snapshot(orders=[fake.order(1, "buy", 100)]))


@pytest.fixture
async def feed(client: FakeClient) -> AsyncIterator[Feed]:
    """A feed that runs, in step."""
    made = Feed(client, lambda: NOW - 40)
    task = asyncio.create_task(made.run())
    await made.reach(10)
    yield made
    made.stop()
    await task


async def wait_for(feed: Feed, resyncs: int) -> None:
    """Until the mirror was made so many times."""
    await fake.until(lambda: feed.counters.resyncs >= resyncs and feed.mirror is not None)


async def test_records_are_applied_in_order(client: FakeClient, feed: Feed) -> None:
    """A record moves the mirror; one from before the snapshot is dropped."""
    client.record(9, RESTED)
    client.record(10, RESTED)
    client.record(11, RESTED)
    mirror = await feed.reach(11)
    assert [one.order for one in mirror.book.side(0, "buy")] == [1, 5]
    assert (feed.counters.records, feed.lag) == (1, 0)
    assert feed.now() == NOW, "own clock, corrected by the exchange's"


async def test_a_hole_begins_anew(client: FakeClient, feed: Feed) -> None:
    """A record that does not follow: a fresh snapshot, no older than the record."""
    client.found = fake.snapshot(seq=12)
    client.record(12, RESTED)
    await wait_for(feed, 2)
    assert feed.mirror is not None
    assert (feed.mirror.seq, len(feed.mirror.book), feed.counters.gaps) == (12, 0, 1)


async def test_a_gap_begins_anew(client: FakeClient, feed: Feed) -> None:
    """A gap throws the mirror away until the snapshot that follows."""
    client.queue.put_nowait(fake.message("gap", 10))
    await fake.until(lambda: feed.mirror is None)
    client.found = fake.snapshot(seq=20)
    client.queue.put_nowait(fake.message("snapshot", 20))
    await wait_for(feed, 2)
    client.record(21)
    assert (await feed.reach(21)).seq == 21


async def test_a_snapshot_from_before_is_asked_again(client: FakeClient, feed: Feed) -> None:
    """A snapshot older than the stream would leave a hole."""
    before = client.snapshots
    client.queue.put_nowait(fake.message("snapshot", 15))
    await fake.until(lambda: client.snapshots >= before + 3)
    assert feed.mirror is None
    client.found = fake.snapshot(seq=15)
    await wait_for(feed, 2)


async def test_a_lost_connection_is_made_anew(client: FakeClient, feed: Feed) -> None:
    """The stream fails: the mirror is not trusted meanwhile, and comes back."""
    client.queue.put_nowait(Unreachable("away"))
    await wait_for(feed, 2)
    assert (client.streams, feed.counters.reconnects) == (2, 1)


async def test_reconnect_on_demand(client: FakeClient, feed: Feed) -> None:
    """A stream that looks dead is given up for a new one."""
    feed.reconnect()
    await wait_for(feed, 2)
    assert client.streams == 2


async def test_ghosts_are_found_and_dropped(client: FakeClient, feed: Feed) -> None:
    """An order that is gone on the exchange is found by comparing, counted, and leaves."""
    client.found = fake.snapshot()
    found = await feed.check()
    assert found == ["book (0, 'buy'): [(1, 100, 1000000000)] here, None there"]
    assert feed.mirror is not None
    assert (len(feed.mirror.book), feed.counters.ghosts) == (0, 1)
    assert await feed.check() == []


async def test_a_check_that_is_late(client: FakeClient, feed: Feed) -> None:
    """A snapshot behind the mirror is brought up to date before it is compared."""
    client.record(11, RESTED)
    await feed.reach(11)
    assert await feed.check() == []
    assert feed.mirror is not None
    assert (feed.mirror.seq, len(feed.mirror.book)) == (11, 2)


async def test_a_check_that_is_early(client: FakeClient, feed: Feed) -> None:
    """A snapshot ahead of the mirror waits for the records up to it."""
    client.found = fake.snapshot(seq=11, orders=[fake.order(1, "buy", 100)])
    assert await feed.check() == []
    assert (feed.counters.checks, feed.lag) == (0, 1)
    client.record(11, RESTED)
    await feed.reach(11)
    assert (feed.counters.checks, feed.counters.ghosts) == (1, 1)

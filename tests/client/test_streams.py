"""Streams of LocalClient: snapshots, changes, gaps, ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from plimsoll.client import errors
from plimsoll.client.models import DepositRequest, StreamMessage
from plimsoll.runtime.node import Subscription
from tests.client.samples import BTC, World


async def take(stream: AsyncIterator[StreamMessage], count: int) -> list[StreamMessage]:
    """The next messages; a test that waits for one that never comes fails."""
    async with asyncio.timeout(5):
        return [await anext(stream) for _ in range(count)]


def levels(book: dict[str, str], change: list[Any]) -> dict[str, str]:
    """A side of the book after a change."""
    after = {**book, **dict(change)}
    return {price: size for price, size in after.items() if size != "0"}


async def test_book_deltas_give_the_book(world: World) -> None:
    """Snapshot plus deltas is the book, level by level, with rising numbers."""
    await world.alice.place_order(world.buy("59000", "1"))
    stream = world.bob.stream([f"book:{BTC}"])
    (first,) = await take(stream, 1)
    assert (first.type, first.channel) == ("snapshot", f"book:{BTC}")
    book, seq = levels({}, first.data["bids"]), first.seq
    for act in ("59001", "59000", None):
        if act is None:
            await world.alice.cancel_all(world.a)
        else:
            await world.alice.place_order(world.buy(act, "2"))
        (delta,) = await take(stream, 1)
        assert (delta.type, delta.seq > seq) == ("delta", True)
        book, seq = levels(book, delta.data["bids"]), delta.seq
        shown = (await world.bob.book(BTC)).bids
        assert sorted(book.items(), reverse=True) == shown


async def test_trades_and_fills_come_once_each(world: World) -> None:
    """What was in the snapshot does not come again; each party sees its side."""
    await world.alice.place_order(world.buy("59000", "3"))
    await world.bob.place_order(world.sell("59000", "1"))
    stream = world.bob.stream([f"trades:{BTC}", f"fills:{world.b}"])
    trades, fills = await take(stream, 2)
    assert [one["size"] for one in trades.data["trades"]] == ["1"]
    assert [one["role"] for one in fills.data["fills"]] == ["taker"]
    done = await world.bob.place_order(world.sell("59000", "2"))
    trades, fills = await take(stream, 2)
    assert (trades.type, trades.seq) == ("delta", done.seq)
    assert [one["size"] for one in trades.data["trades"]] == ["2"]
    assert fills.data["fills"][0]["fill"] == trades.data["trades"][0]["fill"]


async def test_a_trade_during_the_snapshot_comes_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is published while the snapshot is made is in it, and not sent a second time."""
    await world.alice.place_order(world.buy("59000", "3"))
    real = world.history.catch_up

    async def busy() -> None:
        await world.bob.place_order(world.sell("59000", "1"))
        await real()

    monkeypatch.setattr(world.history, "catch_up", busy)
    stream = world.bob.stream([f"trades:{BTC}"])
    (first,) = await take(stream, 1)
    monkeypatch.undo()
    await world.bob.place_order(world.sell("59000", "2"))
    (second,) = await take(stream, 1)
    sizes = [[one["size"] for one in message.data["trades"]] for message in (first, second)]
    assert sizes == [["1"], ["2"]]


async def test_orders_and_account(world: World) -> None:
    """An order appears, changes and goes; the account follows."""
    stream = world.alice.stream([f"orders:{world.a}", f"account:{world.a}", f"market:{BTC}"])
    orders, account, market = await take(stream, 3)
    assert (orders.data, account.data["open_orders"]) == ({"orders": []}, 0)
    assert market.data == msgspec.to_builtins(await world.alice.market(BTC))
    placed = await world.alice.place_order(world.buy("59000"))
    orders, account, market = await take(stream, 3)
    assert [one["order"] for one in orders.data["orders"]] == [placed.order]
    assert orders.data["removed"] == []
    assert account.data == msgspec.to_builtins(await world.alice.account(world.a))
    assert market.data["best_bid"] == "59000"
    await world.bob.place_order(world.sell("59000", "0.4"))
    orders, _, _ = await take(stream, 3)
    assert orders.data["orders"][0]["remaining"] == "0.6"
    await world.alice.cancel_all(world.a)
    orders, _, _ = await take(stream, 3)
    assert orders.data == {"orders": [], "removed": [placed.order]}


async def test_what_does_not_change_is_not_sent(world: World) -> None:
    """A stream about one account is silent about another's."""
    stream = world.alice.stream([f"orders:{world.a}"])
    await take(stream, 1)
    await world.bob.place_order(world.sell("61000"))
    await world.bob.deposit(world.b, DepositRequest(amount="1", external_id="more"))
    await world.alice.place_order(world.buy("59000"))
    (delta,) = await take(stream, 1)
    assert [one["price"] for one in delta.data["orders"]] == ["59000"]


@pytest.mark.parametrize(
    ("channels", "error"),
    [
        ([], errors.BadField),
        (["book"], errors.BadField),
        (["book:"], errors.BadField),
        (["orders:x"], errors.BadField),
        (["orders:-1"], errors.BadField),
        (["events:1"], errors.BadField),
        ([f"trades:{n}" for n in range(201)], errors.BadField),
        (["orders:" + "9" * 5000], errors.BadField),
        (["book:DOGE"], errors.NotFound),
        (["orders:1"], errors.NotFound),
        (["fills:1"], errors.NotFound),
        (["account:99999"], errors.NotFound),
        (["trades:DOGE"], errors.NotFound),
    ],
)
async def test_bad_channels(world: World, channels: list[str], error: type[Exception]) -> None:
    """Channels that are none, or nobody's or somebody else's, are refused."""
    with pytest.raises(error):
        await take(world.alice.stream(channels), 1)


async def test_falling_behind_gives_a_gap_and_a_snapshot(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader that was cut off is told, and begins anew."""
    real = world.node.subscribe

    def narrow(maxsize: int = 1) -> Subscription:
        return real(min(maxsize, 1))

    monkeypatch.setattr(world.node, "subscribe", narrow)
    stream = world.alice.stream([f"account:{world.a}"])
    (first,) = await take(stream, 1)
    deposits = [DepositRequest(amount="1", external_id=f"e{n}") for n in range(3)]
    await asyncio.gather(*(world.alice.deposit(world.a, one) for one in deposits))
    messages = await take(stream, 3)
    assert [one.type for one in messages] == ["delta", "gap", "snapshot"]
    assert messages[1].seq == first.seq + 1
    assert messages[2].data["balances"] == {"USD": "100003"}


async def test_streams_end_with_client_or_node(world: World) -> None:
    """Whoever waits for a message is let go when the client or the node closes."""
    for end in (world.alice.close, world.node.close):
        stream = world.alice.stream([f"market:{BTC}"])
        await take(stream, 1)
        waiting = asyncio.ensure_future(anext(stream, None))
        await asyncio.sleep(0)
        await end()
        async with asyncio.timeout(5):
            assert await waiting is None

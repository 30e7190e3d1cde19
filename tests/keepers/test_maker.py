"""The maker and the other roles at work on the real exchange."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from plimsoll.client.models import AmendOrderRequest
from plimsoll.keepers.runner import Runner
from plimsoll.keepers.settings import MakerSettings
from tests.keepers.world import World

NEAR = MakerSettings(aggressiveness_bp=2)
"""Well within the vAMM's five."""


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """Everybody with ten million."""
    made = await World.open(cash="10000000")
    await made.fill_pot()
    yield made
    await made.close()


async def work(world: World, *runners: Runner) -> None:
    """One look of each, and its answers."""
    await world.settle()
    for runner in runners:
        await runner.tick()
        await runner.drain(5_000)
    await world.settle()


async def agrees(world: World, runner: Runner) -> None:
    """The mirror says what a fresh snapshot says, extra fees included."""
    fees = {one.order: one.keeper_fee for one in runner.feed.mirror.book}
    assert await runner.feed.check() == []
    assert fees == {one.order: one.keeper_fee for one in runner.feed.mirror.book}


async def test_the_maker_fills_an_auction(world: World) -> None:
    """It sells at its quote as soon as the auction asks it, at its own price."""
    runner = world.keeper("mia", "maker", maker=NEAR)
    order = (await world.place("alice", "buy", "1")).order
    await work(world, runner)
    assert runner.statement.of("maker").sent == 0, "the auction begins at the oracle"
    await world.clock.advance(4_000)
    await work(world, runner)
    mirror = runner.feed.mirror
    assert order not in mirror.auctions
    mine = await world.clients["mia"].account(world.accounts["mia"])
    assert mine.positions[0].base == "-1"
    assert mine.positions[0].entry_price == "60012"
    await agrees(world, runner)


async def test_waiting_offers_are_counted(world: World) -> None:
    """In batches an offer waits: the maker makes no second one, and the filler works it off."""
    await world.close()
    batched = await World.open(cash="1000000", auction_batch_ms=500)
    try:
        maker, filler = batched.keeper("mia", "maker", maker=NEAR), batched.keeper("kate")
        await batched.place("alice", "sell", "1")
        await batched.clock.advance(4_000)
        await work(batched, maker)
        assert maker.feed.mirror.waiting_size(batched.accounts["mia"], 0) == 1_000_000_000
        await batched.clock.advance(400)
        await work(batched, maker, filler)
        assert (maker.statement.of("maker").sent, filler.statement.of("filler").sent) == (1, 0)
        await batched.clock.advance(100)
        await work(batched, filler)
        assert filler.statement.of("filler").reward > 0
        assert maker.feed.mirror.offers == {}
        await agrees(batched, filler)
    finally:
        await batched.close()


async def test_limits_expiry_and_extra_fees(world: World) -> None:
    """A limit the vAMM reaches is matched for its extra fee; what expired is removed for a fee."""
    runner = world.keeper("kate")
    until = world.clock() + 1_000
    await world.place("bob", "sell", "0.01", price="65000", expires_ms=until)
    await work(world, runner)
    assert runner.statement.of("filler").sent == 0
    await world.clock.advance(1_001)
    await work(world, runner)
    assert runner.statement.reasons == {"keeper_flat": 10_000}
    # The sale moves the vAMM down to the buyer's limit, who came while the auction ran.
    await world.place("alice", "sell", "2")
    await world.place("bob", "buy", "0.01", price="59990", keeper_fee="2.5")
    await work(world, runner)
    await agrees(world, runner)
    await world.clock.advance(5_001)
    await work(world, runner)
    assert "keeper_extra" not in runner.statement.reasons
    await work(world, runner)
    assert runner.statement.reasons["keeper_extra"] == 2_500_000
    assert len(runner.feed.mirror.book) == 0
    await agrees(world, runner)


async def test_once_over_the_local_client(world: World) -> None:
    """A single look in process: fetch, send, wait, end."""
    await world.place("alice", "buy", "1")
    await world.clock.advance(5_001)
    runner = Runner(world.clients["kurt"], world.accounts["kurt"], clock=world.clock)
    assert await runner.run_once() == 1
    assert runner.statement.of("filler").landed == 1
    assert runner.statement.total > 0


async def test_places_of_orders_that_took_first(world: World) -> None:
    """What an order took before it rested counts for its place among those of its millisecond."""
    runner = world.keeper("kate")
    await work(world, runner)
    await world.place("bob", "sell", "1", price="60000")
    first = (await world.place("alice", "buy", "3", price="60000")).order
    second = (await world.place("mia", "buy", "2.5", price="60000")).order
    await work(world, runner)
    side = runner.feed.mirror.book.side(0, "buy")
    assert [(one.order, one.remaining) for one in side] == [
        (first, 2_000_000_000),
        (second, 2_500_000_000),
    ]
    await agrees(world, runner)


async def test_an_amendment_keeps_the_extra_fee_until_it_takes(world: World) -> None:
    """The fee of an order moves with it; once the amended order trades, it is gone."""
    runner = world.keeper("kate")
    await work(world, runner)
    placed = await world.place("bob", "buy", "1", price="59000", keeper_fee="2")
    await world.place("alice", "sell", "0.4", price="60020")
    for price, size, fee in (("59500", "1", 2_000_000), ("60020", "1", 0)):
        request = AmendOrderRequest(account=world.accounts["bob"], price=price, size=size)
        receipt = await world.clients["bob"].amend_order(placed.order, request)
        assert receipt.accepted, receipt.reject
        await work(world, runner)
        order = runner.feed.mirror.book.get(placed.order)
        assert order is not None and order.keeper_fee == fee
        await agrees(world, runner)

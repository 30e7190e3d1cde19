"""Keepers on the real exchange: every piece of work is done once, and one of them is paid."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

from plimsoll.keepers.runner import Runner
from plimsoll.messages.codes import ACTIVE, BUY, DONE_EXPIRED, HALTED, R_KEEPER_FLAT
from plimsoll.messages.events import (
    AuctionEnded,
    DelayedExecuted,
    Filled,
    Liquidating,
    OrderRemoved,
    Transferred,
    TriggerFired,
)
from tests.keepers.world import World

PIECES = 50


async def race(world: World, runners: list[Runner]) -> None:
    """All look at the same moment, then wait for their answers."""
    await world.settle()
    for runner in runners:
        await runner.tick()
    for runner in runners:
        await runner.drain(5_000)
    await world.settle()


def spy(world: World) -> Any:
    """Everything published from now on."""
    return world.node.subscribe(100_000)


async def seen(world: World, spying: Any) -> list[Any]:
    """The events that were published since."""
    found: list[Any] = []
    while spying.buffered:
        found += (await anext(spying)).events
    return found


async def test_auctions_end_once() -> None:
    """50 auctions, two keepers: each auction ends once, one flat fee each, nobody twice."""
    world = await World.open(cash="10000000")
    try:
        await world.fill_pot()
        runners = [world.keeper("kate"), world.keeper("kurt")]
        auctions = []
        for _ in range(2):
            batch = []
            for at in range(PIECES // 2):
                side = "buy" if at % 2 else "sell"
                batch.append((await world.place("alice", side, "0.01")).order)
            auctions += batch
            await world.settle()
            assert set(runners[0].feed.mirror.auctions) == set(batch)
            await world.clock.advance(5_001)
            spying = spy(world)
            await race(world, runners)
            found = await seen(world, spying)
            ended = [one.auction for one in found if isinstance(one, AuctionEnded)]
            assert sorted(ended) == sorted(batch)
            paid = [one.credit for one in found if isinstance(one, Transferred)
                    and one.reason == R_KEEPER_FLAT]  # fmt: skip
            assert len(paid) == len(batch)
            fees = [one for one in found if isinstance(one, Filled) and one.taker_fee > 0]
            keepers = {world.accounts["kate"], world.accounts["kurt"]}
            assert fees and {one.keeper for one in fees} <= keepers
        assert len(set(auctions)) == PIECES
        landed = sum(one.statement.of("filler").landed for one in runners)
        late = sum(one.statement.of("filler").outcompeted for one in runners)
        assert (landed, late) == (PIECES, PIECES)
        for name, runner in zip(("kate", "kurt"), runners, strict=True):
            assert await world.cash(name) == shown(10_000_000_000_000 + runner.statement.total)
    finally:
        await world.close()


def shown(amount: int) -> str:
    """Money as accounts show it."""
    whole, part = divmod(amount, 1_000_000)
    return f"{whole}.{part:06d}".rstrip("0").rstrip(".")


async def test_triggers_fire_once() -> None:
    """50 triggers, two keepers: each fires once; the other keeper is outcompeted, not failed."""
    world = await World.open(cash="10000000")
    try:
        await world.fill_pot()
        runners = [world.keeper("kate", "trigger"), world.keeper("kurt", "trigger")]
        orders = [
            (await world.trigger("alice", "buy", "0.001", "60500", "above")).order
            for _ in range(PIECES)
        ]
        await race(world, runners)
        assert all(one.statement.of("trigger").sent == 0 for one in runners)
        await world.clock.advance(1_000)
        await world.oracle("60600")
        spying = spy(world)
        await race(world, runners)
        found = await seen(world, spying)
        fired = Counter(one.order for one in found if isinstance(one, TriggerFired))
        assert fired == Counter(orders)
        totals = [one.statement.of("trigger") for one in runners]
        assert sum(one.landed for one in totals) == PIECES
        assert sum(one.outcompeted for one in totals) == PIECES
        assert sum(one.other for one in totals) == 0
        assert sum(one.reward for one in totals) >= PIECES * 10_000
    finally:
        await world.close()


async def test_delayed_orders_execute_once() -> None:
    """DELAY-009: what a halted market's price left, by one keeper each; those over, too."""
    world = await World.open(cash="10000000", auction=0)
    try:
        await world.fill_pot()
        runners = [world.keeper("kate", "trigger"), world.keeper("kurt", "trigger")]
        over = [await world.delay("bob", BUY, 10**6, expires_ms=world.clock() + 1)]
        orders = [await world.delay("alice", BUY, 10**6) for _ in range(PIECES)]
        await race(world, runners)
        assert all(one.statement.of("trigger").sent == 0 for one in runners)
        await world.clock.advance(1_000)
        await world.mode(HALTED)
        await world.oracle("60100")
        await world.mode(ACTIVE)
        spying = spy(world)
        await race(world, runners)
        found = await seen(world, spying)
        executed = Counter(one.order for one in found if isinstance(one, DelayedExecuted))
        assert executed == Counter(orders)
        ended = [one for one in found if isinstance(one, OrderRemoved) and one.order in over]
        assert [one.reason for one in ended] == [DONE_EXPIRED]
        totals = [one.statement.of("trigger") for one in runners]
        assert sum(one.landed for one in totals) == PIECES + 1
        assert sum(one.outcompeted for one in totals) == PIECES + 1
        assert sum(one.other for one in totals) == 0
        assert sum(one.reward for one in totals) >= PIECES * 10_000
        assert all(not one.feed.mirror.delayed.waiting for one in runners if one.feed.mirror)
    finally:
        await world.close()


async def test_an_account_is_liquidated_once() -> None:
    """Two keepers find the same account below maintenance: one closes it and is paid for it."""
    world = await World.open(cash="0")
    try:
        for name in ("bob", "kate", "kurt"):
            await world.deposit(name, "1000000")
        await world.deposit("alice", "4000")
        await world.place("bob", "sell", "1", price="60100")
        await world.place("alice", "buy", "1", price="60100")
        runners = [world.keeper("kate", "liquidator"), world.keeper("kurt", "liquidator")]
        await race(world, runners)
        assert all(one.statement.of("liquidator").sent == 0 for one in runners)
        await world.clock.advance(1_000)
        await world.oracle("57500")
        spying = spy(world)
        await race(world, runners)
        found = await seen(world, spying)
        closed = [one.account for one in found if isinstance(one, Liquidating)]
        assert closed == [world.accounts["alice"]]
        totals = [one.statement.of("liquidator") for one in runners]
        assert sum(one.landed for one in totals) == 1
        assert sum(one.outcompeted for one in totals) == 1
        assert sorted(one.reward > 0 for one in totals) == [False, True]
    finally:
        await world.close()


async def test_a_keeper_dies_in_the_middle() -> None:
    """One keeper is killed with its commands out: the other finishes, and nothing happens twice."""
    world = await World.open(cash="10000000")
    try:
        await world.fill_pot()
        first, second = world.keeper("kate", max_in_flight=10), world.keeper("kurt")
        auctions = [(await world.place("alice", "buy", "0.01")).order for _ in range(25)]
        await world.settle()
        await world.clock.advance(5_001)
        spying = spy(world)
        await first.tick()
        await asyncio.sleep(0)
        assert first.in_flight == 10
        await first.kill()
        await race(world, [second])
        await world.clock.advance(2_000)
        await race(world, [second])
        found = await seen(world, spying)
        ended = Counter(one.auction for one in found if isinstance(one, AuctionEnded))
        assert ended == Counter(auctions)
        assert second.statement.of("filler").landed >= 15
    finally:
        await world.close()

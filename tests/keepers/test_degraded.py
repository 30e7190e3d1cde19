"""Bad networks: late and lost messages cost time, never a second reward."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from typing import Any

import pytest

from plimsoll.client.errors import Timeout
from plimsoll.client.models import PlaceOrderRequest
from plimsoll.keepers.degraded import DegradedClient, VirtualTime
from plimsoll.messages.codes import R_KEEPER_FLAT
from plimsoll.messages.commands import Tick
from plimsoll.messages.events import AuctionEnded, Transferred
from plimsoll.runtime.presets import KEEPER
from tests.keepers.fake import FakeClient
from tests.keepers.world import BTC, World


async def test_virtual_time() -> None:
    """Sleepers wake in the order of their times, and not before."""
    clock, woken = VirtualTime(0), list[int]()

    async def sleeper(ms: int) -> None:
        await clock.sleep(ms)
        woken.append(clock())

    tasks = [asyncio.create_task(sleeper(ms)) for ms in (30, 10, 20)]
    await asyncio.sleep(0)
    await clock.advance(9)
    assert woken == []
    await clock.advance(11)
    assert woken == [10, 20]
    await clock.advance(100)
    assert (woken, clock()) == ([10, 20, 30], 120)
    await asyncio.gather(*tasks)


async def test_losses_are_unknown_outcomes() -> None:
    """About the given part is lost: half before it arrives, half of the answers."""
    client, clock = FakeClient(), VirtualTime(0)
    bad = DegradedClient(client, rng=random.Random(1), sleep=clock.sleep, drop=0.5)
    lost = 0
    for number in range(400):
        try:
            await bad.keeper_command({"type": "Tick", "limit": 1}, f"c{number}")
        except Timeout as error:
            assert error.client_id == f"c{number}"
            lost += 1
    assert 160 < lost < 240
    assert 60 < 400 - len(client.sent) < 140
    assert bad.lost == lost


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_a_lossy_race(seed: int) -> None:
    """Two keepers, 20 to 400 ms away, a third of their messages lost: every auction ends once,
    pays once, and the books of both agree with the exchange in the end.
    """
    world = await World.open(cash="10000000")
    try:
        await world.fill_pot()
        rng = random.Random(seed)
        runners = [
            world.keeper(
                name, "filler", "crank", max_in_flight=6, throttle_ms=500,
                client=DegradedClient(world.clients[name], rng=rng, sleep=world.clock.sleep,
                                      latency_ms=(20, 400), drop=1 / 3),
            )
            for name in ("kate", "kurt")
        ]  # fmt: skip
        spying = world.node.subscribe(100_000)
        orders = [(await world.place("alice", "buy", "0.01")).order for _ in range(20)]
        for _ in range(200):
            await world.clock.advance(100)
            if world.clock() - world.published > 10_000:
                await world.oracle("60000")
            for runner in runners:
                await runner.tick()
        while any(runner.in_flight for runner in runners):
            await world.clock.advance(100)
        await world.settle()
        found: list[Any] = []
        while spying.buffered:
            found += (await anext(spying)).events
        ended = Counter(one.auction for one in found if isinstance(one, AuctionEnded))
        assert ended == Counter(orders)
        paid = [one for one in found if isinstance(one, Transferred)
                and one.reason == R_KEEPER_FLAT]  # fmt: skip
        assert len(paid) <= len(orders)
        for runner in runners:
            assert runner.feed.mirror is not None
            assert runner.feed.mirror.auctions == {}
        lost = sum(runner.statement.of("filler").other for runner in runners)
        landed = sum(runner.statement.of("filler").landed for runner in runners)
        assert landed + lost >= len(orders) - 1
        before = await world.cash("kate")
        assert before != "10000000" or await world.cash("kurt") != "10000000"
    finally:
        await world.close()


async def test_without_keepers_orders_stay_until_the_backstop() -> None:
    """All messages lost: nothing is settled, until somebody's Tick does it."""
    world = await World.open(cash="10000000")
    try:
        client = DegradedClient(
            world.clients["kate"], rng=random.Random(1), sleep=world.clock.sleep, drop=2.0
        )
        runner = world.keeper("kate", client=client)
        request = PlaceOrderRequest(
            account=world.accounts["alice"], market=BTC, side="buy", size="0.01", type="market"
        )
        assert (await world.clients["alice"].place_order(request)).status == "auction"
        await world.settle()
        await world.clock.advance(6_000)
        await runner.tick()
        await runner.drain(1_000)
        await world.settle()
        mirror = runner.feed.mirror
        assert mirror is not None and len(mirror.auctions) == 1
        assert runner.statement.of("filler").other == 1
        assert (await world.node.submit(Tick(10), principal=KEEPER)).accepted
        await world.settle()
        assert mirror.auctions == {}
    finally:
        await world.close()

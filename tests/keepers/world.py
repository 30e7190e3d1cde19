"""A small exchange in memory without a house keeper, two keepers, and time by hand."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

from plimsoll.client.models import DepositRequest, PlaceOrderRequest, PlaceTriggerRequest, Receipt
from plimsoll.keepers.access import KeeperClient
from plimsoll.keepers.degraded import VirtualTime
from plimsoll.keepers.runner import Runner
from plimsoll.keepers.settings import KeeperSettings
from plimsoll.messages import codes
from plimsoll.messages.commands import (
    CreateAccount,
    CreatePrincipal,
    OraclePrices,
    PlaceDelayed,
    PricePoint,
    SetMarketMode,
)
from plimsoll.messages.events import DelayedPlaced
from plimsoll.runtime import presets
from plimsoll.runtime.local import LocalClient
from plimsoll.runtime.node import MemoryNode
from plimsoll.runtime.node_types import NodeSettings
from plimsoll.runtime.recent import History
from tests.harness import plain

START = 1_700_000_000_000
BTC = "BTC-USD"
NAMES = ("alice", "bob", "kate", "kurt", "mia")
FIRST = 3
KEEPER_ROLES = codes.ROLE_KEEPER | codes.ROLE_TRADER
SWITCHES: dict[str, Any] = {
    "vamm_enabled": 1, "auction": 1, "auction_ms": 5_000, "auctions_max": 32,
    "auctions_per_account": 32, "auctions_reserved": 2, "liquidation": 1,
    "liquidation_auction": 0, "keeper_flat_fee": 10_000, "keeper_fee_max": 10_000_000,
    "vamm_limits": 1,
    "health_divergence_max": 0, "health_imbalance_max": 0,
}  # fmt: skip


class World:
    """A node, its traders alice and bob, the keepers kate and kurt, and mia, who makes."""

    def __init__(self, node: MemoryNode, clock: VirtualTime) -> None:
        self.node = node
        self.clock = clock
        self.history = History(node)
        self.clients = {
            name: LocalClient(node, FIRST + at, self.history, clock=clock)
            for at, name in enumerate(NAMES)
        }
        self.accounts: dict[str, int] = {}
        self.published = 0
        self.external = itertools.count()
        self.runners: list[Runner] = []
        self.tasks: list[asyncio.Task[None]] = []

    @classmethod
    async def open(cls, cash: str = "100000", **switches: Any) -> World:
        """BTC-USD at 60,000, everybody with cash."""
        clock = VirtualTime(START)
        bootstrap = plain.bootstrap(
            {BTC: 60_000_000_000},
            open_deposits=True,
            overrides={BTC: {**SWITCHES, **switches}},
        )
        for name in NAMES:
            keeper = name in ("kate", "kurt", "mia")
            roles = KEEPER_ROLES if keeper else codes.ROLE_TRADER
            bootstrap.append(CreatePrincipal(name, roles))
        for at, name in enumerate(NAMES):
            bootstrap.append(CreateAccount(FIRST + at, -1, name))
        node = await MemoryNode.open(
            bootstrap=bootstrap, clock=clock, settings=NodeSettings(house_keeper=False)
        )
        world = cls(node, clock)
        for name, client in world.clients.items():
            (found,) = await client.accounts()
            world.accounts[name] = found.account
        await world.oracle("60000")
        for name in NAMES:
            if cash != "0":
                await world.deposit(name, cash)
        return world

    async def deposit(self, name: str, amount: str) -> None:
        """Money from outside."""
        request = DepositRequest(amount=amount, external_id=f"in{next(self.external)}")
        await self.clients[name].deposit(self.accounts[name], request)

    async def fill_pot(self) -> None:
        """Trades without a keeper, whose part of the fees (48 USD) waits in the pot."""
        for buyer, seller in (("alice", "bob"), ("bob", "alice")):
            await self.place(seller, "sell", "10", price="60000")
            await self.place(buyer, "buy", "10", price="60000")

    async def oracle(self, price: str) -> None:
        """Publish a price now; never two at one time."""
        if self.clock() <= self.published:
            await self.clock.advance(self.published + 1 - self.clock())
        self.published = self.clock()
        points = [PricePoint(0, int(float(price) * 1_000_000), 0, self.published)]
        done = await self.node.submit(OraclePrices(points), principal=presets.ORACLE)
        assert done.accepted, done.events

    async def mode(self, mode: int) -> None:
        """What the operator lets BTC-USD do."""
        done = await self.node.submit(SetMarketMode(0, mode), principal=presets.OPERATOR)
        assert done.accepted, done.events

    async def place(self, name: str, side: str, size: str, **more: Any) -> Receipt:
        """An order in BTC-USD: a limit if it has a ``price``, else a market order."""
        values: dict[str, Any] = {"type": "limit" if "price" in more else "market", **more}
        request = PlaceOrderRequest(
            account=self.accounts[name], market=BTC, side=side, size=size, **values
        )
        receipt = await self.clients[name].place_order(request)
        assert receipt.accepted, receipt.reject
        return receipt

    async def trigger(self, name: str, side: str, size: str, at: str, direction: str) -> Receipt:
        """A market order that waits for the oracle."""
        request = PlaceTriggerRequest(
            account=self.accounts[name], market=BTC, side=side, size=size,
            trigger_price=at, direction=direction,
        )  # fmt: skip
        receipt = await self.clients[name].place_trigger(request)
        assert receipt.accepted, receipt.reject
        return receipt

    async def delay(self, name: str, side: int, size: int, **more: Any) -> int:
        """A market IOC (1e-9 base) that waits for a later price, good for a minute; its id."""
        values: dict[str, Any] = {
            "account": self.accounts[name], "market": 0, "side": side, "kind": codes.MARKET,
            "tif": codes.IOC, "price": 0, "size": size, "reduce_only": False,
            "expires_ms": self.clock() + 60_000, "client_order_id": "", "maker": -1,
        }  # fmt: skip
        command = PlaceDelayed(**{**values, **more})
        done = await self.node.submit(command, principal=FIRST + NAMES.index(name))
        assert done.accepted, done.events
        (placed,) = [one for one in done.events if isinstance(one, DelayedPlaced)]
        return placed.order

    def keeper(
        self, name: str, *roles: str, client: KeeperClient | None = None, **settings: Any
    ) -> Runner:
        """A keeper of a name that follows the exchange; its ticks are the caller's."""
        numbers = itertools.count()
        given: dict[str, Any] = {"throttle_ms": 1_000, "max_in_flight": 200, **settings}
        runner = Runner(
            client or self.clients[name],
            self.accounts[name],
            KeeperSettings(roles=roles or ("filler",), tasks_max=200, **given),
            clock=self.clock,
            ids=lambda: f"{name}-{next(numbers)}",
        )
        self.runners.append(runner)
        self.tasks.append(asyncio.create_task(runner.feed.run()))
        return runner

    async def settle(self) -> None:
        """Let every keeper see all that was published."""
        for runner in self.runners:
            if not runner.stopped:
                await runner.feed.reach(self.node.last_seq)

    async def cash(self, name: str) -> str:
        """An account's balance."""
        found = await self.clients[name].account(self.accounts[name])
        return found.balances["USD"]

    async def close(self) -> None:
        """Stop everything."""
        for runner in self.runners:
            await runner.kill()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        self.history.close()
        await self.node.close()

"""A small exchange in memory with clients on it, and a clock by hand."""

from __future__ import annotations

from plimsoll.client.models import DepositRequest, PlaceOrderRequest
from plimsoll.messages import codes
from plimsoll.messages.commands import (
    CreateAccount,
    CreateAsset,
    CreatePrincipal,
    OraclePrices,
    PricePoint,
)
from plimsoll.runtime import presets
from plimsoll.runtime.local import LocalClient
from plimsoll.runtime.node import MemoryNode
from plimsoll.runtime.recent import History
from tests.harness import plain

START = 1_700_000_000_000
BTC = "BTC-USD"
OPERATOR = 0
ALICE, BOB = 3, 4


class Clock:
    """Milliseconds that pass when told to."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> int:
        return self.now


class World:
    """A node in memory; Alice and Bob have an account each, with 100,000 USD in it."""

    def __init__(self, node: MemoryNode, clock: Clock) -> None:
        self.node = node
        self.clock = clock
        self.history = History(node)
        self.alice = self.client(ALICE)
        self.bob = self.client(BOB)
        self.operator = self.client(OPERATOR)
        self.a = self.b = -1

    @classmethod
    async def open(cls, *, vamm: bool = False) -> World:
        """BTC-USD at 60,000, fresh."""
        clock = Clock()
        commands = plain.bootstrap(
            {BTC: 60_000_000_000},
            open_deposits=True,
            overrides={BTC: {"vamm_enabled": int(vamm)}},
        )
        for name in ("alice", "bob"):
            commands.append(CreatePrincipal(name, codes.ROLE_TRADER))
        commands.append(CreateAsset("GEM", 2))
        commands += [CreateAccount(ALICE, -1, "alice"), CreateAccount(BOB, -1, "bob")]
        world = cls(await MemoryNode.open(bootstrap=commands, clock=clock), clock)
        (world.a,) = [one.account for one in await world.alice.accounts()]
        (world.b,) = [one.account for one in await world.bob.accounts()]
        await world.oracle("60000")
        await world.alice.deposit(world.a, DepositRequest(amount="100000", external_id="a"))
        await world.bob.deposit(world.b, DepositRequest(amount="100000", external_id="b"))
        return world

    def client(self, principal: int) -> LocalClient:
        """Access on behalf of a principal."""
        return LocalClient(self.node, principal, self.history, clock=self.clock)

    async def oracle(self, price: str) -> None:
        """Publish a price, one ms later."""
        self.clock.now += 1
        points = [PricePoint(0, int(price) * 1_000_000, 0, self.clock.now)]
        await self.node.submit(OraclePrices(points), principal=presets.ORACLE)

    async def close(self) -> None:
        """Stop everything."""
        self.history.close()
        await self.node.close()

    def buy(self, price: str | None, size: str = "1", **more: object) -> PlaceOrderRequest:
        """An order of Alice to buy."""
        return make_order(self.a, "buy", price, size, **more)

    def sell(self, price: str | None, size: str = "1", **more: object) -> PlaceOrderRequest:
        """An order of Bob to sell."""
        return make_order(self.b, "sell", price, size, **more)


def make_order(
    account: int, side: str, price: str | None, size: str, **more: object
) -> PlaceOrderRequest:
    """An order in BTC-USD."""
    values: dict[str, object] = {"market": BTC, "price": price, "size": size, **more}
    return PlaceOrderRequest(account=account, side=side, **values)

"""A small exchange for the worked examples: one market at the defaults, two funded traders."""

from __future__ import annotations

from typing import Any

from plimsoll.core.engine import Engine, genesis
from plimsoll.core.rows import Account, Market
from plimsoll.core.state import State
from plimsoll.messages import codes
from plimsoll.messages.commands import (
    Command,
    CreateAccount,
    CreatePrincipal,
    Deposit,
    OraclePrices,
    PlaceOrder,
    PricePoint,
)
from plimsoll.messages.events import Event, Filled, Rejected
from plimsoll.runtime import presets
from tests.harness import plain

USD = 1_000_000
BTC = 1_000_000_000
START_MS = 1_000_000
ANN = 3
"""Principal who takes; Bob, the next one, makes."""
BOB = 4
ANN_ACCOUNT = 10
"""After the four of genesis and the six of the market."""
BOB_ACCOUNT = 11


class Scene:
    """An engine with BTC-USD at 60,000 USD, and the commands the examples send."""

    def __init__(self, deposit: int = 10_000 * USD, **overrides: Any) -> None:
        self.engine = Engine(genesis())
        self.now = START_MS
        self.seq = 0
        made = plain.bootstrap(
            {"BTC-USD": 60_000 * USD}, open_deposits=True, overrides={"BTC-USD": overrides}
        )
        for command in made:
            self.accept(command, presets.OPERATOR)
        for principal, name in ((ANN, "ann"), (BOB, "bob")):
            self.accept(CreatePrincipal(name, codes.ROLE_TRADER), presets.OPERATOR)
            self.accept(CreateAccount(principal, -1, name), principal)
        for principal, account in ((ANN, ANN_ACCOUNT), (BOB, BOB_ACCOUNT)):
            self.accept(Deposit(account, 0, deposit, f"in-{account}"), principal)
        self.oracle(60_000 * USD)

    @property
    def state(self) -> State:
        """The state as it stands."""
        return self.engine.state

    @property
    def market(self) -> Market:
        """BTC-USD."""
        return self.state.markets[0]

    def account(self, ident: int) -> Account:
        """One account."""
        return self.state.accounts[ident]

    def send(self, command: Command, principal: int) -> list[Event]:
        """Apply a command; its events."""
        self.seq += 1
        self.engine.apply(command, self.seq, self.now, principal)
        return self.engine.drain()

    def accept(self, command: Command, principal: int) -> list[Event]:
        """Apply a command that must be accepted; its events."""
        events = self.send(command, principal)
        assert not any(isinstance(event, Rejected) for event in events), events[-1].row()
        return events

    def refuse(self, command: Command, principal: int) -> tuple[str, int, int]:
        """Name, value and limit of the refusal a command must meet."""
        refusal = self.send(command, principal)[-1]
        assert isinstance(refusal, Rejected)
        return codes.REJECTS[refusal.code][0], refusal.value, refusal.limit

    def oracle(self, price: int, confidence: int = 0, published_ms: int = -1) -> list[Event]:
        """Publish a price, now unless a time is given."""
        self.now += 1_000
        at = self.now if published_ms < 0 else published_ms
        return self.send(OraclePrices([PricePoint(0, price, confidence, at)]), presets.ORACLE)

    def order(self, principal: int, side: int, price: int, size: int, **more: Any) -> list[Event]:
        """Place a limit order, good till cancelled unless ``tif`` says otherwise."""
        return self.accept(order(principal, side, price, size, **more), principal)


def order(principal: int, side: int, price: int, size: int, **more: Any) -> PlaceOrder:
    """A limit order (price 0: a market order) of Ann or Bob."""
    values: dict[str, Any] = {
        "account": ANN_ACCOUNT if principal == ANN else BOB_ACCOUNT,
        "market": 0,
        "side": side,
        "kind": codes.LIMIT if price else codes.MARKET,
        "tif": codes.GTC if price else codes.IOC,
        "price": price,
        "size": size,
        "post": codes.POST_NONE,
        "reduce_only": False,
        "expires_ms": 0,
        "client_order_id": "",
    }
    return PlaceOrder(**(values | more))


def fills(events: list[Event]) -> list[Filled]:
    """The fills among events."""
    return [event for event in events if isinstance(event, Filled)]

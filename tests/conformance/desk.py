"""A state that adapters set up row by row: markets, accounts, positions, resting orders.

Positions come about by settled fills, so whatever is true of them is true of real ones.
"""

from __future__ import annotations

from typing import Any

from plimsoll.core import ledger, settlement
from plimsoll.core.context import Txn
from plimsoll.core.engine import genesis
from plimsoll.core.rows import Account, Market, Order, Position
from plimsoll.core.state import State
from plimsoll.messages import codes
from plimsoll.messages.codes import BUY, SELL
from plimsoll.units import notional_floor
from tests.conformance.scaling import magnitude, negated, side_of
from tests.harness.scenario import market


class Desk:
    """Unchecked, as a unit test is: what stands on the grid and what is allowed is not asked."""

    def __init__(self, state: State | None = None) -> None:
        self.state = genesis() if state is None else state
        self.txn = Txn(self.state)
        self.markets: dict[str, Market] = {}
        self.users: dict[str, Account] = {}
        self.other = self.user("counterparty", 0)

    def pair(self, name: str, price: int = 0, **params: Any) -> Market:
        """A market with an oracle price (1e-6)."""
        house = [self.other] * 6
        made = self.state.add_market(market(symbol=name, tick=1, **params), house)
        self.markets[name] = made
        self.oracle(name, price)
        return made

    def oracle(self, name: str, price: int) -> None:
        """The price positions are valued at."""
        made = self.markets[name]
        row = self.state.oracles[made.ident]
        row.accept(price, 0, 0, 0, [])
        row.set_band(made.params)

    def user(self, name: str, cash: int) -> Account:
        """An account with money (1e-6), which may be negative."""
        made = self.state.add_account(0, codes.TRADER, -1, name)
        self.users[name] = made
        self.credit(made, cash)
        return made

    def trader(self, name: str, cash: int) -> Account:
        """The same, of a principal of its own: it trades with the others."""
        owner = self.state.add_principal(name, codes.ROLE_TRADER).ident
        made = self.state.add_account(owner, codes.TRADER, -1, name)
        self.users[name] = made
        self.credit(made, cash)
        return made

    def credit(self, account: Account, cash: int) -> None:
        """Money (1e-6) from outside; back to it if negative."""
        outside = self.state.accounts[codes.OUTSIDE_ACCOUNT]
        payer, payee = (outside, account) if side_of(cash) == BUY else (account, outside)
        ledger.move(payer, payee, magnitude(cash))

    def draft(self, account: Account, pair: str, size: int, price: int, **more: Any) -> Order:
        """An order of signed size that does not rest yet."""
        made = self.markets[pair]
        values: dict[str, Any] = {"reduce_only": False, "expires_ms": 0, "age": 0, **more}
        return Order(
            self.state.log,
            self.state.globals.take_order(),
            account,
            self.state.position(account, made.ident),
            side_of(size),
            price,
            magnitude(size),
            0,
            values["reduce_only"],
            values["expires_ms"],
            "",
            values["age"],
        )

    def rest(self, account: Account, pair: str, size: int, price: int, **more: Any) -> Order:
        """An order that rests, unmatched."""
        order = self.draft(account, pair, size, price, **more)
        order.arrive(self.state.globals.take_sequence())
        self.state.rest(order)
        return order

    def fill(self, account: Account, pair: str, size: int, price: int) -> None:
        """``account`` takes a signed size from the counterparty at a price, without fees."""
        quote = notional_floor(price, magnitude(size))
        self.exchange(account, pair, size, quote, free=True)

    def exchange(
        self, account: Account, pair: str, size: int, quote: int, *, free: bool = False
    ) -> None:
        """The same at a quote, with fees unless it is free."""
        taker = self.draft(account, pair, size, 1)
        if free:
            taker.without_fees()
        maker = self.draft(self.other, pair, negated(size), 1)
        settlement.settle(self.txn, self.markets[pair], taker, maker, magnitude(size), quote)

    def hold(self, account: Account, pair: str, base: int, entry_cost: int) -> Position:
        """A position as given, with nothing paid."""
        made = self.markets[pair]
        row = self.state.position(account, made.ident)
        row.hold(base, entry_cost)
        self.state.position(self.other, made.ident).hold(negated(base), negated(entry_cost))
        if side_of(base) == BUY:
            made.add_interest(base)
        else:
            made.add_interest(negated(base))
        return row

    def queue(self, pair: str, side: int) -> list[Order]:
        """The resting orders of a side, best first."""
        found: list[Order] = []
        sides = self.state.books[self.markets[pair].ident]
        for level in reversed(sides.side(side).levels):
            order = level.head
            while order is not None:
                found.append(order)
                order = order.next
        return found


SIDE = {"long": BUY, "short": SELL, "bid": BUY, "ask": SELL, "buy": BUY, "sell": SELL}

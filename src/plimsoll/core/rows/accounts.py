"""Rows of accounts: balances, positions, and the orders they have resting."""

from __future__ import annotations

from typing import final

from mypy_extensions import i64

from plimsoll.core.rows.balances import Balance
from plimsoll.core.rows.base import Row
from plimsoll.core.store import Tally, Undo, UndoLog
from plimsoll.messages.codes import BUY, SELL


@final
class Position(Row):
    """One account in one market.

    ``entry_cost`` is the signed quote paid for what is held. The open-order sums count resting
    orders that may open (``bid_*``, ``ask_*``: size and notional at the limit) and reduce-only
    ones (``ro_bid``, ``ro_ask``: size) apart.
    """

    def __init__(self, log: UndoLog, account: int, market: int) -> None:
        super().__init__(log)
        self.was: PositionWas | None = None
        self.account: int = account
        self.market: int = market
        self.base: int = 0
        self.entry_cost: int = 0
        self.bid_size: int = 0
        self.bid_notional: int = 0
        self.ask_size: int = 0
        self.ask_notional: int = 0
        self.ro_bid: int = 0
        self.ro_ask: int = 0
        self.funding_mark: int = 0  # cumulative rate of its side when last settled
        self.liquidated_ms: int = 0  # when a part was last closed by a liquidation

    def save(self, first: bool) -> Undo:
        was = self.was
        if was is None or not first:
            was = PositionWas(self)
            if first:
                self.was = was
        was.take()
        return was

    def hold(self, base: int, entry_cost: int) -> None:
        """Set what is held; a flat position remembers nothing. Only settlement calls this."""
        self.touch()
        self.base = base
        self.entry_cost = entry_cost
        if base == 0:
            self.funding_mark = 0
            self.liquidated_ms = 0

    def mark_funding(self, rate: int) -> None:
        """Funding is settled up to this cumulative rate."""
        self.touch()
        self.funding_mark = rate

    def mark_liquidated(self, now: int) -> None:
        """A liquidation closed a part now."""
        self.touch()
        self.liquidated_ms = now

    def add_open(self, side: int, size: int, notional: int, reduce_only: bool) -> None:
        """Change the open-order sums by a signed size and its notional at the limit."""
        self.touch()
        if reduce_only:
            if side == BUY:
                self.ro_bid += size
            else:
                self.ro_ask += size
        elif side == BUY:
            self.bid_size += size
            self.bid_notional += notional
        else:
            self.ask_size += size
            self.ask_notional += notional

    def has_orders(self) -> bool:
        """Whether anything rests in this market."""
        return self.bid_size + self.ask_size + self.ro_bid + self.ro_ask > 0

    def closable(self, side: int) -> int:
        """How much an order of ``side`` can close of what is held."""
        if side == SELL:
            return max(0, self.base)
        return -self.base if self.base < 0 else 0


@final
class PositionWas(Undo):
    """Saved ``Position``."""

    def __init__(self, row: Position) -> None:
        self.row: Position = row
        self.stamp: i64 = row.stamp
        self.base: int = row.base
        self.entry_cost: int = row.entry_cost
        self.bid_size: int = row.bid_size
        self.bid_notional: int = row.bid_notional
        self.ask_size: int = row.ask_size
        self.ask_notional: int = row.ask_notional
        self.ro_bid: int = row.ro_bid
        self.ro_ask: int = row.ro_ask
        self.funding_mark: int = row.funding_mark
        self.liquidated_ms: int = row.liquidated_ms

    def take(self) -> None:
        """Save the values as they are now."""
        row = self.row
        self.stamp = row.stamp
        self.base = row.base
        self.entry_cost = row.entry_cost
        self.bid_size = row.bid_size
        self.bid_notional = row.bid_notional
        self.ask_size = row.ask_size
        self.ask_notional = row.ask_notional
        self.ro_bid = row.ro_bid
        self.ro_ask = row.ro_ask
        self.funding_mark = row.funding_mark
        self.liquidated_ms = row.liquidated_ms

    def undo(self) -> None:
        row = self.row
        row.stamp = self.stamp
        row.base = self.base
        row.entry_cost = self.entry_cost
        row.bid_size = self.bid_size
        row.bid_notional = self.bid_notional
        row.ask_size = self.ask_size
        row.ask_notional = self.ask_notional
        row.ro_bid = self.ro_bid
        row.ro_ask = self.ro_ask
        row.funding_mark = self.funding_mark
        row.liquidated_ms = self.liquidated_ms

    def audit(self, check: Tally, stamp: i64) -> None:
        if self.stamp < stamp:
            check.position(self.row.market, self.base, self.row.base)


@final
class Account:
    """Something that owns: a trader's (sub-)account, a vAMM, a pool, the outside world.

    ``balances`` by asset (the first, ``usd``, is always there), ``positions`` by market,
    ``orders`` by arrival; ``auctions`` and ``triggers`` count those that are live. Lists and
    counters change through ``state``, which logs it.
    """

    def __init__(
        self, log: UndoLog, ident: int, owner: int, kind: int, parent: int, label: str
    ) -> None:
        self.ident: int = ident
        self.owner: int = owner
        self.kind: int = kind
        self.parent: int = parent
        self.label: str = label
        self.usd: Balance = Balance(log, ident, kind, 0)
        self.balances: list[Balance] = [self.usd]
        self.positions: list[Position] = []
        self.orders: list[Order] = []
        self.client_orders: dict[str, Order] = {}
        self.auctions: int = 0
        self.triggers: int = 0
        self.liquidations: int = 0

    def position(self, market: int) -> Position | None:
        """The row of a market if there is one."""
        for row in self.positions:
            if row.market == market:
                return row
        return None

    def held(self, asset: int) -> int:
        """The balance of an asset; a row is not made for it."""
        balances = self.balances
        return balances[asset].amount if asset < len(balances) else 0

    def cash(self) -> int:
        """The balance of the collateral (asset 0)."""
        return self.usd.amount

    def open_orders(self) -> int:
        """Everything that counts as an open order: resting, in an auction, or a trigger."""
        return len(self.orders) + self.auctions + self.triggers

    def count_live(self, auctions: int, liquidations: int, triggers: int) -> None:
        """Change the counters; only ``board`` does, with the inverse in the log."""
        self.auctions += auctions
        self.liquidations += liquidations
        self.triggers += triggers


@final
class Level:
    """The orders of one price, best priority first. Derived from the orders; not saved."""

    def __init__(self, key: int, price: int) -> None:
        self.key: int = key  # price for bids, -price for asks: the greatest key is the best
        self.price: int = price
        self.total: int = 0
        self.head: Order | None = None
        self.tail: Order | None = None

    def link(self, order: Order, before: Order | None) -> None:
        """Put an order right behind ``before`` (None: at the head)."""
        after = self.head if before is None else before.next
        order.prev = before
        order.next = after
        if before is None:
            self.head = order
        else:
            before.next = order
        if after is None:
            self.tail = order
        else:
            after.prev = order
        order.level = self
        order.resting = True
        self.total += order.remaining

    def unlink(self, order: Order) -> None:
        """Take an order out; its own links stay, so that it can be linked back in place."""
        if order.prev is None:
            self.head = order.next
        else:
            order.prev.next = order.next
        if order.next is None:
            self.tail = order.prev
        else:
            order.next.prev = order.prev
        order.resting = False
        self.total -= order.remaining


@final
class Order(Row):
    """A resting order. ``age`` and ``priority_size`` fix its place in its level."""

    def __init__(
        self,
        log: UndoLog,
        ident: int,
        account: Account,
        position: Position,
        side: int,
        price: int,
        size: int,
        filled: int,
        reduce_only: bool,
        expires_ms: int,
        client_order_id: str,
        age: int,
    ) -> None:
        super().__init__(log)
        self.was: OrderWas | None = None
        self.ident: int = ident
        self.account: Account = account
        self.position: Position = position
        self.market: int = position.market
        self.side: int = side
        self.price: int = price
        self.size: int = size
        self.remaining: int = size - filled
        self.filled: int = filled
        self.reduce_only: bool = reduce_only
        self.fee_free: bool = False
        self.expires_ms: int = expires_ms
        self.client_order_id: str = client_order_id
        self.age: int = age
        self.keeper_fee: int = 0  # held in escrow for the keeper of the first fill
        self.priority_size: int = size - filled
        self.sequence: int = 0
        # Made in this scope: taking it back forgets the order, so there is nothing to save.
        self.stamp = log.stamp
        self.resting: bool = False
        self.level: Level | None = None
        self.prev: Order | None = None
        self.next: Order | None = None

    def save(self, first: bool) -> Undo:
        was = self.was
        if was is None or not first:
            was = OrderWas(self)
            if first:
                self.was = was
        was.take()
        return was

    def fill(self, size: int) -> None:
        """A part was traded."""
        self.touch()
        self.remaining -= size
        self.filled += size
        if self.resting and self.level is not None:
            self.level.total -= size

    def without_fees(self) -> None:
        """A liquidation's order pays none. Only for an order that was just made."""
        self.fee_free = True

    def set_keeper_fee(self, amount: int) -> None:
        """What is held in escrow for the keeper of the first fill."""
        self.touch()
        self.keeper_fee = amount

    def arrive(self, sequence: int) -> None:
        """Take a place in the order of arrival, right before the order first rests."""
        self.touch()
        self.sequence = sequence

    def shrink(self, removed: int) -> None:
        """The owner (or the reduce-only rule) made it smaller; the priority stays."""
        self.touch()
        self.remaining -= removed
        self.size -= removed
        if self.resting and self.level is not None:
            self.level.total -= removed

    def set_place(self, remaining: int, priority_size: int, sequence: int) -> None:
        """Place of a resting order in a snapshot."""
        self.touch()
        self.remaining = remaining
        self.priority_size = priority_size
        self.sequence = sequence


@final
class OrderWas(Undo):
    """Saved ``Order``: what a resting order can change."""

    def __init__(self, row: Order) -> None:
        self.row: Order = row
        self.stamp: i64 = row.stamp
        self.size: int = row.size
        self.remaining: int = row.remaining
        self.filled: int = row.filled
        self.sequence: int = row.sequence
        self.keeper_fee: int = row.keeper_fee

    def take(self) -> None:
        """Save the values as they are now."""
        row = self.row
        self.stamp = row.stamp
        self.size = row.size
        self.remaining = row.remaining
        self.filled = row.filled
        self.sequence = row.sequence
        self.keeper_fee = row.keeper_fee

    def undo(self) -> None:
        row = self.row
        level = row.level
        if row.resting and level is not None:
            level.total += self.remaining - row.remaining
        row.stamp = self.stamp
        row.size = self.size
        row.remaining = self.remaining
        row.filled = self.filled
        row.sequence = self.sequence
        row.keeper_fee = self.keeper_fee

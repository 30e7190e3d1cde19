"""Every row of state, with the meaning and unit of each field.

The only module that assigns to a row's attributes: each change is a method here that first saves
the row once per scope (``touch``), so that nobody can forget to. Money is 1e-6 quote, sizes 1e-9
base, prices 1e-6 quote per base, times ms.
"""

from __future__ import annotations

from typing import final

from plimsoll.core.store import Tally, Undo, UndoLog
from plimsoll.messages.codes import BUY
from plimsoll.messages.params import GlobalParams, MarketParams
from plimsoll.units import notional_ceil


class Row(Undo):
    """A row; a saved copy of it (``origin`` set) is its own undo entry."""

    def __init__(self, log: UndoLog) -> None:
        self.log: UndoLog = log
        self.stamp: int = 0
        self.origin: Row | None = None

    def clone(self) -> Row:
        """A copy of the row's values."""
        raise RuntimeError("a row must say how it is copied")

    def restore(self, saved: Row) -> None:
        """Take the values of a saved copy."""
        raise RuntimeError("a row must say how it is restored")

    def touch(self) -> None:
        """Save the row unless this scope has saved it already. Call before every change."""
        log = self.log
        if self.stamp != log.stamp:
            saved = self.clone()
            saved.origin = self
            saved.stamp = self.stamp
            log.entries.append(saved)
            self.stamp = log.stamp

    def undo(self) -> None:
        """Put the saved values back."""
        origin = self.origin
        if origin is not None:
            origin.restore(self)
            origin.stamp = self.stamp


@final
class Globals(Row):
    """Counters and limits of the whole exchange. Ids are never used twice."""

    def __init__(self, log: UndoLog, params: GlobalParams) -> None:
        super().__init__(log)
        self.params: GlobalParams = params
        self.next_order: int = 1
        self.next_sequence: int = 1
        self.next_fill: int = 1

    def clone(self) -> Row:
        copy = Globals(self.log, self.params)
        copy.next_order = self.next_order
        copy.next_sequence = self.next_sequence
        copy.next_fill = self.next_fill
        return copy

    def restore(self, saved: Row) -> None:
        if isinstance(saved, Globals):
            self.params = saved.params
            self.next_order = saved.next_order
            self.next_sequence = saved.next_sequence
            self.next_fill = saved.next_fill

    def take_order(self) -> int:
        """A fresh order id."""
        self.touch()
        taken = self.next_order
        self.next_order = taken + 1
        return taken

    def take_sequence(self) -> int:
        """A fresh place in the order of arrival."""
        self.touch()
        taken = self.next_sequence
        self.next_sequence = taken + 1
        return taken

    def take_fill(self) -> int:
        """A fresh fill id."""
        self.touch()
        taken = self.next_fill
        self.next_fill = taken + 1
        return taken

    def set_params(self, params: GlobalParams) -> None:
        """Replace the limits."""
        self.touch()
        self.params = params

    def load(self, order: int, sequence: int, fill: int) -> None:
        """Counters of a snapshot."""
        self.next_order = order
        self.next_sequence = sequence
        self.next_fill = fill


@final
class Principal(Row):
    """Somebody who may send commands; ``roles`` is a mask, ``accounts`` how many are owned."""

    def __init__(self, log: UndoLog, ident: int, name: str, roles: int) -> None:
        super().__init__(log)
        self.ident: int = ident
        self.name: str = name
        self.roles: int = roles
        self.accounts: int = 0

    def clone(self) -> Row:
        copy = Principal(self.log, self.ident, self.name, self.roles)
        copy.accounts = self.accounts
        return copy

    def restore(self, saved: Row) -> None:
        if isinstance(saved, Principal):
            self.accounts = saved.accounts

    def count_account(self) -> None:
        """One more account is owned."""
        self.touch()
        self.accounts += 1


@final
class Asset:
    """Something balances are kept in. Never changes."""

    def __init__(self, ident: int, symbol: str, decimals: int) -> None:
        self.ident: int = ident
        self.symbol: str = symbol
        self.decimals: int = decimals


@final
class Balance(Row):
    """What an account holds of one asset; may be negative (a margin debt, the outside world)."""

    def __init__(self, log: UndoLog, account: int, kind: int, asset: int) -> None:
        super().__init__(log)
        self.account: int = account
        self.kind: int = kind
        self.asset: int = asset
        self.amount: int = 0

    def clone(self) -> Row:
        copy = Balance(self.log, self.account, self.kind, self.asset)
        copy.amount = self.amount
        return copy

    def restore(self, saved: Row) -> None:
        if isinstance(saved, Balance):
            self.amount = saved.amount

    def audit(self, check: Tally, stamp: int) -> None:
        row = self.origin
        # The first save of a command holds the value before it; later ones lie in between.
        if self.stamp < stamp and isinstance(row, Balance):
            check.balance(row, self.asset, self.kind, self.amount, row.amount)

    def add(self, amount: int) -> None:
        """Change the balance by a signed amount. Only the ledger calls this."""
        self.touch()
        self.amount += amount


@final
class Position(Row):
    """One account in one market.

    ``entry_cost`` is the signed quote paid for what is held. The open-order sums count resting
    orders that may open (``bid_*``, ``ask_*``: size and notional at the limit) and reduce-only
    ones (``ro_bid``, ``ro_ask``: size) apart.
    """

    def __init__(self, log: UndoLog, account: int, market: int) -> None:
        super().__init__(log)
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

    def clone(self) -> Row:
        copy = Position(self.log, self.account, self.market)
        copy.base = self.base
        copy.entry_cost = self.entry_cost
        copy.bid_size = self.bid_size
        copy.bid_notional = self.bid_notional
        copy.ask_size = self.ask_size
        copy.ask_notional = self.ask_notional
        copy.ro_bid = self.ro_bid
        copy.ro_ask = self.ro_ask
        return copy

    def restore(self, saved: Row) -> None:
        if isinstance(saved, Position):
            self.base = saved.base
            self.entry_cost = saved.entry_cost
            self.bid_size = saved.bid_size
            self.bid_notional = saved.bid_notional
            self.ask_size = saved.ask_size
            self.ask_notional = saved.ask_notional
            self.ro_bid = saved.ro_bid
            self.ro_ask = saved.ro_ask

    def audit(self, check: Tally, stamp: int) -> None:
        row = self.origin
        if self.stamp < stamp and isinstance(row, Position):
            check.position(self.market, self.base, row.base)

    def hold(self, base: int, entry_cost: int) -> None:
        """Set what is held. Only settlement calls this."""
        self.touch()
        self.base = base
        self.entry_cost = entry_cost

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

    def is_default(self) -> bool:
        """Whether the row says nothing that an absent row would not say."""
        return (
            self.base == 0
            and self.bid_size == 0
            and self.ask_size == 0
            and self.ro_bid == 0
            and self.ro_ask == 0
            and self.entry_cost == 0
        )


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
        market: int,
        side: int,
        price: int,
        size: int,
        remaining: int,
        filled: int,
        reduce_only: bool,
        expires_ms: int,
        client_order_id: str,
        age: int,
        priority_size: int,
        sequence: int,
    ) -> None:
        super().__init__(log)
        self.ident: int = ident
        self.account: Account = account
        self.market: int = market
        self.side: int = side
        self.price: int = price
        self.size: int = size
        self.remaining: int = remaining
        self.filled: int = filled
        self.reduce_only: bool = reduce_only
        self.expires_ms: int = expires_ms
        self.client_order_id: str = client_order_id
        self.age: int = age
        self.priority_size: int = priority_size
        self.sequence: int = sequence
        self.resting: bool = False
        self.level: Level | None = None
        self.prev: Order | None = None
        self.next: Order | None = None

    def clone(self) -> Row:
        return Order(
            self.log,
            self.ident,
            self.account,
            self.market,
            self.side,
            self.price,
            self.size,
            self.remaining,
            self.filled,
            self.reduce_only,
            self.expires_ms,
            self.client_order_id,
            self.age,
            self.priority_size,
            self.sequence,
        )

    def restore(self, saved: Row) -> None:
        if isinstance(saved, Order):
            level = self.level
            if level is not None and self.resting:
                level.total += saved.remaining - self.remaining
            self.size = saved.size
            self.remaining = saved.remaining
            self.filled = saved.filled
            self.sequence = saved.sequence

    def fill(self, size: int) -> None:
        """A part was traded."""
        self.touch()
        self.remaining -= size
        self.filled += size
        if self.level is not None and self.resting:
            self.level.total -= size

    def arrive(self, sequence: int) -> None:
        """Take a place in the order of arrival, right before the order first rests."""
        self.touch()
        self.sequence = sequence

    def shrink(self, removed: int) -> None:
        """The owner (or the reduce-only rule) made it smaller; the priority stays."""
        self.touch()
        self.remaining -= removed
        self.size -= removed
        if self.level is not None and self.resting:
            self.level.total -= removed


@final
class Account:
    """Something that owns: a trader's (sub-)account, a vAMM, a pool, the outside world.

    ``balances`` by asset, ``positions`` by market, ``orders`` by arrival; the lists grow and
    shrink through ``state``, which logs it.
    """

    def __init__(self, ident: int, owner: int, kind: int, parent: int, label: str) -> None:
        self.ident: int = ident
        self.owner: int = owner
        self.kind: int = kind
        self.parent: int = parent
        self.label: str = label
        self.balances: list[Balance] = []
        self.positions: list[Position] = []
        self.orders: list[Order] = []
        self.client_orders: dict[str, Order] = {}

    def position(self, market: int) -> Position | None:
        """The row of a market if there is one."""
        for row in self.positions:
            if row.market == market:
                return row
        return None

    def cash(self) -> int:
        """The balance of the collateral (asset 0)."""
        balances = self.balances
        return balances[0].amount if len(balances) > 0 else 0


@final
class Market(Row):
    """A market: its parameters, mode, system accounts and open interest (sum of the longs)."""

    def __init__(
        self,
        log: UndoLog,
        ident: int,
        params: MarketParams,
        vamm: Account,
        adjustments: Account,
        funding: Account,
        insurance: Account,
    ) -> None:
        super().__init__(log)
        self.ident: int = ident
        self.params: MarketParams = params
        self.vamm: Account = vamm
        self.adjustments: Account = adjustments
        self.funding: Account = funding
        self.insurance: Account = insurance
        self.mode: int = 0
        self.open_interest: int = 0

    def clone(self) -> Row:
        copy = Market(
            self.log,
            self.ident,
            self.params,
            self.vamm,
            self.adjustments,
            self.funding,
            self.insurance,
        )
        copy.mode = self.mode
        copy.open_interest = self.open_interest
        return copy

    def restore(self, saved: Row) -> None:
        if isinstance(saved, Market):
            self.params = saved.params
            self.mode = saved.mode
            self.open_interest = saved.open_interest

    def set_params(self, params: MarketParams) -> None:
        """Replace the parameters (checked as a set before)."""
        self.touch()
        self.params = params

    def set_mode(self, mode: int) -> None:
        """Change what the market allows."""
        self.touch()
        self.mode = mode

    def add_interest(self, delta: int) -> None:
        """Change the open interest. Only settlement calls this."""
        self.touch()
        self.open_interest += delta


@final
class Oracle(Row):
    """The last accepted price of a market and the window of the last ten accepted ones."""

    def __init__(self, log: UndoLog, market: int) -> None:
        super().__init__(log)
        self.market: int = market
        self.price: int = 0  # 0: none yet
        self.confidence: int = 0
        self.published_ms: int = 0
        self.accepted_ms: int = 0
        self.window: list[int] = []  # never changed in place

    def clone(self) -> Row:
        copy = Oracle(self.log, self.market)
        copy.price = self.price
        copy.confidence = self.confidence
        copy.published_ms = self.published_ms
        copy.accepted_ms = self.accepted_ms
        copy.window = self.window
        return copy

    def restore(self, saved: Row) -> None:
        if isinstance(saved, Oracle):
            self.price = saved.price
            self.confidence = saved.confidence
            self.published_ms = saved.published_ms
            self.accepted_ms = saved.accepted_ms
            self.window = saved.window

    def accept(
        self, price: int, confidence: int, published_ms: int, now: int, window: list[int]
    ) -> None:
        """Take over a price that ``oracle`` has judged."""
        self.touch()
        self.price = price
        self.confidence = confidence
        self.published_ms = published_ms
        self.accepted_ms = now
        self.window = window


@final
class Vamm(Row):
    """The curve of a market. Reserves 1e-9; ``net`` is the traders' base held against it."""

    def __init__(self, log: UndoLog, market: int) -> None:
        super().__init__(log)
        self.market: int = market
        self.x: int = 0
        self.y: int = 0
        self.sqrt_k: int = 0
        self.peg: int = 0
        self.net: int = 0
        self.capital: int = 0  # given by the operator, 1e-6 quote

    def clone(self) -> Row:
        copy = Vamm(self.log, self.market)
        copy.x = self.x
        copy.y = self.y
        copy.sqrt_k = self.sqrt_k
        copy.peg = self.peg
        copy.net = self.net
        copy.capital = self.capital
        return copy

    def restore(self, saved: Row) -> None:
        if isinstance(saved, Vamm):
            self.x = saved.x
            self.y = saved.y
            self.sqrt_k = saved.sqrt_k
            self.peg = saved.peg
            self.net = saved.net
            self.capital = saved.capital

    def audit(self, check: Tally, stamp: int) -> None:
        check.vamm_touched(self.market)

    def set_curve(self, x: int, y: int, sqrt_k: int, peg: int) -> None:
        """Set the whole curve (at launch)."""
        self.touch()
        self.x = x
        self.y = y
        self.sqrt_k = sqrt_k
        self.peg = peg

    def move(self, x: int, y: int, net: int) -> None:
        """The reserves and the net position after a swap."""
        self.touch()
        self.x = x
        self.y = y
        self.net = net

    def add_capital(self, amount: int) -> None:
        """Count capital given by the operator."""
        self.touch()
        self.capital += amount


def order_notional(order: Order) -> int:
    """Notional of what is left of an order at its limit (exact: see ``MarketParams`` rule 3)."""
    return notional_ceil(order.price, order.remaining)

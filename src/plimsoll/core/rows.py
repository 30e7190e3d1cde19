"""Every row of state, with the meaning and unit of each field.

The only module that assigns to a row's attributes: each change is a method here that first saves
the row once per scope (``touch``), so that nobody can forget to. The first save of a command goes
into a record the row keeps for that (``was``), so that it costs no allocation; a save in a nested
scope makes a record of its own. Records are undo entries. Money is 1e-6 quote, sizes 1e-9 base,
prices 1e-6 quote per base, times ms.
"""

from __future__ import annotations

from typing import final

from plimsoll.core import curve
from plimsoll.core.store import Tally, Undo, UndoLog
from plimsoll.messages.codes import BUY, SELL
from plimsoll.messages.params import GlobalParams, MarketParams
from plimsoll.units import RATIO_SCALE, mul_div_ceil, mul_div_floor, step_ceil, step_floor


class Row:
    """A row that can be changed. ``stamp`` tells in which scope it was last saved."""

    def __init__(self, log: UndoLog) -> None:
        self.log: UndoLog = log
        self.stamp: int = 0

    def save(self, first: bool) -> Undo:
        """A record of the values that can change; for the ``first`` of a command the row's own."""
        raise RuntimeError("a row must say how it is saved")

    def touch(self) -> None:
        """Save the row unless this scope has saved it already. Called before every change."""
        log = self.log
        if self.stamp != log.stamp:
            log.entries.append(self.save(self.stamp < log.base))
            self.stamp = log.stamp


# The exchange ----------------------------------------------------------------------------------


@final
class Globals(Row):
    """Counters and limits of the whole exchange. Ids are never used twice."""

    def __init__(self, log: UndoLog, params: GlobalParams) -> None:
        super().__init__(log)
        self.was: GlobalsWas | None = None
        self.params: GlobalParams = params
        self.next_order: int = 1
        self.next_sequence: int = 1
        self.next_fill: int = 1

    def save(self, first: bool) -> Undo:
        was = self.was
        if was is None or not first:
            was = GlobalsWas(self)
            if first:
                self.was = was
        was.take()
        return was

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

    def set_counters(self, order: int, sequence: int, fill: int) -> None:
        """Counters of a snapshot."""
        self.touch()
        self.next_order = order
        self.next_sequence = sequence
        self.next_fill = fill


@final
class GlobalsWas(Undo):
    """Saved ``Globals``."""

    def __init__(self, row: Globals) -> None:
        self.row: Globals = row
        self.stamp: int = row.stamp
        self.params: GlobalParams = row.params
        self.next_order: int = row.next_order
        self.next_sequence: int = row.next_sequence
        self.next_fill: int = row.next_fill

    def take(self) -> None:
        """Save the values as they are now."""
        row = self.row
        self.stamp = row.stamp
        self.params = row.params
        self.next_order = row.next_order
        self.next_sequence = row.next_sequence
        self.next_fill = row.next_fill

    def undo(self) -> None:
        row = self.row
        row.stamp = self.stamp
        row.params = self.params
        row.next_order = self.next_order
        row.next_sequence = self.next_sequence
        row.next_fill = self.next_fill


@final
class Principal(Row):
    """Somebody who may send commands; ``roles`` is a mask, ``accounts`` how many are owned."""

    def __init__(self, log: UndoLog, ident: int, name: str, roles: int) -> None:
        super().__init__(log)
        self.was: PrincipalWas | None = None
        self.ident: int = ident
        self.name: str = name
        self.roles: int = roles
        self.accounts: int = 0

    def save(self, first: bool) -> Undo:
        was = self.was
        if was is None or not first:
            was = PrincipalWas(self)
            if first:
                self.was = was
        was.take()
        return was

    def count_account(self) -> None:
        """One more account is owned."""
        self.touch()
        self.accounts += 1


@final
class PrincipalWas(Undo):
    """Saved ``Principal``."""

    def __init__(self, row: Principal) -> None:
        self.row: Principal = row
        self.stamp: int = row.stamp
        self.accounts: int = row.accounts

    def take(self) -> None:
        """Save the values as they are now."""
        row = self.row
        self.stamp = row.stamp
        self.accounts = row.accounts

    def undo(self) -> None:
        self.row.stamp = self.stamp
        self.row.accounts = self.accounts


@final
class Asset:
    """Something balances are kept in. Never changes."""

    def __init__(self, ident: int, symbol: str, decimals: int) -> None:
        self.ident: int = ident
        self.symbol: str = symbol
        self.decimals: int = decimals


# Accounts --------------------------------------------------------------------------------------


@final
class Balance(Row):
    """What an account holds of one asset; may be negative (a margin debt, the outside world)."""

    def __init__(self, log: UndoLog, account: int, kind: int, asset: int) -> None:
        super().__init__(log)
        self.was: BalanceWas | None = None
        self.account: int = account
        self.kind: int = kind
        self.asset: int = asset
        self.amount: int = 0

    def save(self, first: bool) -> Undo:
        was = self.was
        if was is None or not first:
            was = BalanceWas(self)
            if first:
                self.was = was
        was.take()
        return was

    def add(self, amount: int) -> None:
        """Change the balance by a signed amount. Only the ledger calls this."""
        self.touch()
        self.amount += amount


@final
class BalanceWas(Undo):
    """Saved ``Balance``."""

    def __init__(self, row: Balance) -> None:
        self.row: Balance = row
        self.stamp: int = row.stamp
        self.amount: int = row.amount

    def take(self) -> None:
        """Save the values as they are now."""
        row = self.row
        self.stamp = row.stamp
        self.amount = row.amount

    def undo(self) -> None:
        self.row.stamp = self.stamp
        self.row.amount = self.amount

    def audit(self, check: Tally, stamp: int) -> None:
        if self.stamp < stamp:
            row = self.row
            check.balance(row.asset, row.kind, self.amount, row.amount)


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

    def save(self, first: bool) -> Undo:
        was = self.was
        if was is None or not first:
            was = PositionWas(self)
            if first:
                self.was = was
        was.take()
        return was

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
        self.stamp: int = row.stamp
        self.base: int = row.base
        self.entry_cost: int = row.entry_cost
        self.bid_size: int = row.bid_size
        self.bid_notional: int = row.bid_notional
        self.ask_size: int = row.ask_size
        self.ask_notional: int = row.ask_notional
        self.ro_bid: int = row.ro_bid
        self.ro_ask: int = row.ro_ask

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

    def audit(self, check: Tally, stamp: int) -> None:
        if self.stamp < stamp:
            check.position(self.row.market, self.base, self.row.base)


@final
class Account:
    """Something that owns: a trader's (sub-)account, a vAMM, a pool, the outside world.

    ``balances`` by asset (the first, ``usd``, is always there), ``positions`` by market,
    ``orders`` by arrival; the lists grow and shrink through ``state``, which logs it.
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

    def position(self, market: int) -> Position | None:
        """The row of a market if there is one."""
        for row in self.positions:
            if row.market == market:
                return row
        return None

    def cash(self) -> int:
        """The balance of the collateral (asset 0)."""
        return self.usd.amount


# Orders ----------------------------------------------------------------------------------------


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
        self.expires_ms: int = expires_ms
        self.client_order_id: str = client_order_id
        self.age: int = age
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
        self.stamp: int = row.stamp
        self.size: int = row.size
        self.remaining: int = row.remaining
        self.filled: int = row.filled
        self.sequence: int = row.sequence

    def take(self) -> None:
        """Save the values as they are now."""
        row = self.row
        self.stamp = row.stamp
        self.size = row.size
        self.remaining = row.remaining
        self.filled = row.filled
        self.sequence = row.sequence

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


# Markets ---------------------------------------------------------------------------------------


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
        self.was: MarketWas | None = None
        self.ident: int = ident
        self.params: MarketParams = params
        self.vamm: Account = vamm
        self.adjustments: Account = adjustments
        self.funding: Account = funding
        self.insurance: Account = insurance
        self.mode: int = 0
        self.open_interest: int = 0

    def save(self, first: bool) -> Undo:
        was = self.was
        if was is None or not first:
            was = MarketWas(self)
            if first:
                self.was = was
        was.take()
        return was

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
class MarketWas(Undo):
    """Saved ``Market``."""

    def __init__(self, row: Market) -> None:
        self.row: Market = row
        self.stamp: int = row.stamp
        self.params: MarketParams = row.params
        self.mode: int = row.mode
        self.open_interest: int = row.open_interest

    def take(self) -> None:
        """Save the values as they are now."""
        row = self.row
        self.stamp = row.stamp
        self.params = row.params
        self.mode = row.mode
        self.open_interest = row.open_interest

    def undo(self) -> None:
        row = self.row
        row.stamp = self.stamp
        row.params = self.params
        row.mode = self.mode
        row.open_interest = self.open_interest


@final
class Oracle(Row):
    """The last accepted price of a market and the window of the last ten accepted ones.

    ``low`` and ``high`` are the price band around it, derived, rounded inward to the tick.
    """

    def __init__(self, log: UndoLog, market: int) -> None:
        super().__init__(log)
        self.was: OracleWas | None = None
        self.market: int = market
        self.price: int = 0  # 0: none yet
        self.confidence: int = 0
        self.published_ms: int = 0
        self.accepted_ms: int = 0
        self.window: list[int] = []  # never changed in place
        self.low: int = 0
        self.high: int = 0

    def save(self, first: bool) -> Undo:
        was = self.was
        if was is None or not first:
            was = OracleWas(self)
            if first:
                self.was = was
        was.take()
        return was

    def accept(
        self, price: int, confidence: int, published_ms: int, now: int, window: list[int]
    ) -> None:
        """Take over a price that ``oracle`` has judged; ``set_band`` must follow."""
        self.touch()
        self.price = price
        self.confidence = confidence
        self.published_ms = published_ms
        self.accepted_ms = now
        self.window = window

    def set_band(self, params: MarketParams) -> None:
        """Derive the band from the price and the parameters."""
        self.touch()
        wide = params.price_band
        low = mul_div_ceil(self.price, RATIO_SCALE - wide, RATIO_SCALE)
        high = mul_div_floor(self.price, RATIO_SCALE + wide, RATIO_SCALE)
        self.low = step_ceil(low, params.tick)
        self.high = step_floor(high, params.tick)


@final
class OracleWas(Undo):
    """Saved ``Oracle``."""

    def __init__(self, row: Oracle) -> None:
        self.row: Oracle = row
        self.stamp: int = row.stamp
        self.price: int = row.price
        self.confidence: int = row.confidence
        self.published_ms: int = row.published_ms
        self.accepted_ms: int = row.accepted_ms
        self.window: list[int] = row.window
        self.low: int = row.low
        self.high: int = row.high

    def take(self) -> None:
        """Save the values as they are now."""
        row = self.row
        self.stamp = row.stamp
        self.price = row.price
        self.confidence = row.confidence
        self.published_ms = row.published_ms
        self.accepted_ms = row.accepted_ms
        self.window = row.window
        self.low = row.low
        self.high = row.high

    def undo(self) -> None:
        row = self.row
        row.stamp = self.stamp
        row.price = self.price
        row.confidence = self.confidence
        row.published_ms = self.published_ms
        row.accepted_ms = self.accepted_ms
        row.window = self.window
        row.low = self.low
        row.high = self.high


@final
class Vamm(Row):
    """The curve of a market. Reserves 1e-9; ``net`` is the traders' base held against it.

    ``bid`` and ``ask`` are its top quotes, derived from the reserves and the base spread.
    """

    def __init__(self, log: UndoLog, market: int) -> None:
        super().__init__(log)
        self.was: VammWas | None = None
        self.market: int = market
        self.x: int = 0
        self.y: int = 0
        self.sqrt_k: int = 0
        self.peg: int = 0
        self.net: int = 0
        self.capital: int = 0  # given by the operator, 1e-6 quote
        self.bid: int = 0
        self.ask: int = 0

    def save(self, first: bool) -> Undo:
        was = self.was
        if was is None or not first:
            was = VammWas(self)
            if first:
                self.was = was
        was.take()
        return was

    def set_curve(self, x: int, y: int, sqrt_k: int, peg: int, net: int, spread: int) -> None:
        """Set the whole curve."""
        self.touch()
        self.sqrt_k = sqrt_k
        self.peg = peg
        self.move(x, y, net, spread)

    def move(self, x: int, y: int, net: int, spread: int) -> None:
        """The reserves and the net position after a swap, and the quotes that follow."""
        self.touch()
        self.x = x
        self.y = y
        self.net = net
        self.set_quotes(spread)

    def set_quotes(self, spread: int) -> None:
        """Derive the top quotes from the reserves."""
        self.touch()
        mid = curve.price(self.y, self.x, self.peg)
        self.bid = curve.quoted(mid, spread, SELL)
        self.ask = curve.quoted(mid, spread, BUY)

    def add_capital(self, amount: int) -> None:
        """Count capital given by the operator."""
        self.touch()
        self.capital += amount


@final
class VammWas(Undo):
    """Saved ``Vamm``."""

    def __init__(self, row: Vamm) -> None:
        self.row: Vamm = row
        self.stamp: int = row.stamp
        self.x: int = row.x
        self.y: int = row.y
        self.sqrt_k: int = row.sqrt_k
        self.peg: int = row.peg
        self.net: int = row.net
        self.capital: int = row.capital
        self.bid: int = row.bid
        self.ask: int = row.ask

    def take(self) -> None:
        """Save the values as they are now."""
        row = self.row
        self.stamp = row.stamp
        self.x = row.x
        self.y = row.y
        self.sqrt_k = row.sqrt_k
        self.peg = row.peg
        self.net = row.net
        self.capital = row.capital
        self.bid = row.bid
        self.ask = row.ask

    def undo(self) -> None:
        row = self.row
        row.stamp = self.stamp
        row.x = self.x
        row.y = self.y
        row.sqrt_k = self.sqrt_k
        row.peg = self.peg
        row.net = self.net
        row.capital = self.capital
        row.bid = self.bid
        row.ask = self.ask

    def audit(self, check: Tally, stamp: int) -> None:
        check.vamm(self.row.market)

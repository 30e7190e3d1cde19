"""What must hold after every command, and the full sweep of an audit.

A breach halts the exchange before anything is published: it is never a refusal. ``REGISTRY``
names every invariant; the command check costs time in proportion to what the command changed,
because it reads the undo log, which no handler writes by hand.

Spec: docs/spec/09-invariants.md.
"""

from __future__ import annotations

from typing import Final, final

from mypy_extensions import mypyc_attr

from plimsoll.core import (
    book,
    curve,
    gateway_checks,
    guard_checks,
    live_checks,
    proposal_checks,
    spot_checks,
    vamm,
    vault_checks,
)
from plimsoll.core.rows import Account, Level, Market, Order, Position
from plimsoll.core.state import USD, State
from plimsoll.core.store import Tally
from plimsoll.messages.codes import (
    BUY,
    POOL_ADJUSTMENTS,
    POOL_INSURANCE,
    SELL,
)
from plimsoll.messages.params import OPEN_ORDERS_MOST
from plimsoll.units import LOT, mul_div_signed_floor, notional_ceil

REGISTRY: Final[dict[str, tuple[str, str]]] = {
    "M1": ("command", "what a command moves sums to zero for every asset"),
    "M2": ("full", "all balances of an asset sum to zero, the outside world included"),
    "M3": ("command", "what a command does to positions sums to zero in every market"),
    "M3F": ("full", "positions sum to zero; open interest is the sum of the longs"),
    "M8": ("full", "every row belongs to an account and market that exist"),
    "S1": (
        "command",
        "no spot pool, firm escrow, unlock or held withdrawal owes; no hedged vault owes base",
    ),
    "S5": ("command", "no pool's balance is negative"),
    "K1": ("command", "no swap lowers the product of a spot pool's reserves"),
    "A1": ("command", "the vAMM's reserves stay on the curve: |floor(k/x) - y| <= 15"),
    "A2": ("command", "the vAMM's account holds exactly minus the traders' net"),
    "A9": ("command", "x, y and peg are positive and sqrt_k exceeds |net|"),
    "A10": ("command", "-1 - r <= vAMM cash - capital + booked - (y - y_T)·peg <= 2·fills + r"),
    "B1": ("command", "the book is never crossed"),
    "B2": ("full", "levels are non-empty, sorted, on the grid, and add up; indexes agree"),
    "B3": ("full", "within a level: age, then larger size, then arrival"),
    "O1": ("command", "an order rests only within the limit of open orders"),
    "O6": ("full", "resting reduce-only orders never exceed the position they close"),
    "G5": ("full", "the open-order sums are the sums of the open orders"),
    "G6": ("full", "every signed order that is known is in its timer, and nothing else"),
    "G7": ("full", "no signed order is filled beyond its size; known ones are filled or cancelled"),
    "G8": ("full", "an account's signers stand once, in order, at most 16, and it may trade"),
    "E4": ("full", "escrow holds exactly the keeper fees of the orders that wait"),
    "E5": ("full", "firm escrow holds exactly what is held for the firm quotes that stand"),
    "F1": ("full", "the clearing account can pay what every position would receive of funding"),
    "O2": ("full", "an account's counters are the auctions and triggers it has live"),
    "O9": ("full", "an order id stands for one thing: resting, in an auction, or a trigger"),
    "U1": ("full", "a market holds at most 256 live auctions"),
    "U3": ("full", "auctions and triggers are in their timers and price indexes, sizes add up"),
    "U4": ("full", "an auction's order never stands in the book"),
    "V3": ("command", "no depositor lowers the price of a share: A'·S >= A·S'"),
    "V5": ("full", "a vault's supply is the sum of the shares held, none of them negative"),
    "V11": ("full", "unlocks accounts hold exactly what waits; every first unlock has its timer"),
    "V12": ("full", "a vault quotes once a side in markets with a weight, bid below ask"),
    "H1": ("command", "a hedged vault's spot and position are its net base and what is unhedged"),
    "N3": ("full", "every open proposal is an operator's change, in its timer; nothing else is"),
    "C2": ("full", "a breaker has one of three modes; only one that is not normal counts its calm"),
    "C4": ("command", "what leaves while outflow is limited leaves as much as has to stay"),
    "C5": ("full", "what is held is there to the unit, and counts as gone if the bound holds it"),
    "C6": ("full", "every held withdrawal is in its timer and counted with its owner"),
    "C7": ("full", "what breakers count stands in order of time, one sum a tick"),
    "X1": ("full", "every expiring order is in the timer index, and nothing else"),
    "X2": ("full", "every firm quote is in its place and in the timer index, and nothing else"),
}
"""id -> (when it is checked, what it says)."""

DUST_PER_FILL: Final = 2
"""Most the vAMM gains by rounding in one fill (1e-6 quote)."""


@mypyc_attr(native_class=False)
class InvariantBroken(RuntimeError):
    """The state contradicts itself: the exchange halts. ``ident`` is the invariant's id."""

    def __init__(self, ident: str, details: str) -> None:
        super().__init__(f"invariant {ident} broken: {details}")
        self.ident: str = ident
        self.details: str = details


def require(holds: bool, ident: str, value: int, limit: int) -> None:
    """Halt unless an invariant holds; the numbers go into the message."""
    if not holds:
        raise InvariantBroken(ident, f"{value} against {limit}")


@final
class CommandCheck(Tally):
    """Sums what the undo log says a command changed, then judges."""

    def __init__(self, state: State) -> None:
        self.state: State = state
        self.asset: int = -1
        self.cash: int = 0
        self.market: int = -1
        self.base: int = 0
        # Sums of further assets and markets; most commands touch one of each.
        self.other_cash: dict[int, int] = {}
        self.other_base: dict[int, int] = {}

    def balance(self, asset: int, kind: int, before: int, after: int) -> None:
        if POOL_ADJUSTMENTS <= kind <= POOL_INSURANCE and after < 0:
            require(False, "S5", after, 0)
        if after < 0 and spot_checks.must_not_owe(kind, asset):
            require(False, "S1", after, 0)
        if self.asset == asset or self.asset == -1:
            self.asset = asset
            self.cash += after - before
        else:
            self.other_cash[asset] = self.other_cash.get(asset, 0) + after - before

    def position(self, market: int, before: int, after: int) -> None:
        if self.market == market or self.market == -1:
            self.market = market
            self.base += after - before
        else:
            self.other_base[market] = self.other_base.get(market, 0) + after - before

    def rested(self, market: int, open_orders: int) -> None:
        check_uncrossed(self.state, market)
        most = self.state.globals.params.open_orders_max
        if open_orders > most:
            require(False, "O1", open_orders, most)

    def vamm(self, market: int) -> None:
        check_vamm(self.state, self.state.markets[market])

    def vault(self, ident: int) -> None:
        found: list[live_checks.Fault] = []
        vault_checks.check_hedge(self.state, self.state.liquidity.vaults[ident], found)
        for name, value, limit in found:
            require(False, name, value, limit)

    def swapped(self, before: int, after: int) -> None:
        if after < before:
            require(False, "K1", after, before)

    def forget(self) -> None:
        """Start from nothing: a command may have been refused in the middle of its sums."""
        self.asset = -1
        self.cash = 0
        self.market = -1
        self.base = 0
        if len(self.other_cash) > 0:
            self.other_cash.clear()
        if len(self.other_base) > 0:
            self.other_base.clear()

    def judge(self) -> None:
        """Raise ``InvariantBroken`` unless the sums are zero."""
        if self.cash != 0:
            require(False, "M1", self.cash, 0)
        if self.base != 0:
            require(False, "M3", self.base, 0)
        if len(self.other_cash) > 0:
            for asset in sorted(self.other_cash):
                require(self.other_cash[asset] == 0, "M1", self.other_cash[asset], 0)
        if len(self.other_base) > 0:
            for market in sorted(self.other_base):
                require(self.other_base[market] == 0, "M3", self.other_base[market], 0)


def check_command(state: State, check: CommandCheck) -> None:
    """Check what the command in the undo log did. Cost: in proportion to the log."""
    log = state.log
    base = log.base
    check.forget()
    for entry in log.entries:
        entry.audit(check, base)
    check.judge()


def check_uncrossed(state: State, market: int) -> None:
    """B1."""
    book_ = state.books[market]
    bid = book_.best_price(BUY)
    ask = book_.best_price(SELL)
    require(bid == 0 or ask == 0 or bid < ask, "B1", bid, ask)


def check_vamm(state: State, market: Market) -> None:
    """A1, A2, A9, A10 of one market."""
    row = state.vamms[market.ident]
    held = market.vamm.position(market.ident)
    base = 0 if held is None else held.base
    if not market.params.vamm_enabled:
        require(base == 0 and row.net == 0, "A2", base, row.net)
        return
    require(row.x > 0 and row.y > 0 and row.peg > 0, "A9", row.x, row.y)
    require(row.sqrt_k > row.net and row.sqrt_k > -row.net, "A9", row.sqrt_k, row.net)
    off = curve.product_over(row.sqrt_k, row.x) - row.y
    require(-15 <= off <= 15, "A1", off, 15)
    require(base == -row.net, "A2", base, -row.net)
    earned = market.vamm.cash() - row.capital + row.booked
    worth = mul_div_signed_floor(row.y - vamm.terminal_quote_reserve(row), row.peg, LOT)
    # Rounding adds up for as long as the exchange lives, so the bound must grow with it.
    # A repeg books its cost to within a unit of what it changes in ``worth``, either way.
    most = DUST_PER_FILL * state.globals.next_fill + row.repegs
    require(-1 - row.repegs <= earned - worth <= most, "A10", earned - worth, most)


# The full sweep -----------------------------------------------------------------------------------


def check_full(state: State) -> None:
    """Every invariant on the whole state: at snapshots, in audits, and every so many commands."""
    check_sums(state)
    check_rows(state)
    for market in state.markets:
        check_uncrossed(state, market.ident)
        check_vamm(state, market)
        check_levels(state, market.ident)
        for pool in (market.adjustments, market.funding, market.insurance):
            require(pool.cash() >= 0, "S5", pool.cash(), 0)
    for account in state.accounts:
        check_orders(state, account)
    for ident, value, limit in live_checks.faults(state):
        require(False, ident, value, limit)
    for ident, value, limit in spot_checks.faults(state):
        require(False, ident, value, limit)
    for ident, value, limit in vault_checks.faults(state):
        require(False, ident, value, limit)
    for ident, value, limit in gateway_checks.faults(state):
        require(False, ident, value, limit)
    for ident, value, limit in proposal_checks.faults(state):
        require(False, ident, value, limit)
    for ident, value, limit in guard_checks.faults(state):
        require(False, ident, value, limit)
    timers = 0
    for number in sorted(state.orders):
        due = state.orders[number].expires_ms
        if due > 0:
            timers += 1
            require(state.expiries.has(due, number), "X1", number, due)
    require(timers == state.expiries.size(), "X1", timers, state.expiries.size())


def check_sums(state: State) -> None:
    """M2, M3F."""
    for asset in range(len(state.assets)):
        total = 0
        for account in state.accounts:
            if asset < len(account.balances):
                total += account.balances[asset].amount
        require(total == 0, "M2", total, 0)
    for market in state.markets:
        base = 0
        longs = 0
        for account in state.accounts:
            row = account.position(market.ident)
            if row is not None:
                base += row.base
                if row.base > 0:
                    longs += row.base
        require(base == 0, "M3F", base, 0)
        require(longs == market.open_interest, "M3F", longs, market.open_interest)


def check_rows(state: State) -> None:
    """M8."""
    for account in state.accounts:
        require(0 <= account.owner < len(state.principals), "M8", account.owner, 0)
        last = -1
        for row in account.positions:
            require(last < row.market < len(state.markets), "M8", row.market, last)
            last = row.market
        at = 0
        for balance in account.balances:
            require(balance.asset == at, "M8", balance.asset, at)
            at += 1
        require(account.balances[USD] is account.usd, "M8", at, USD)


def check_levels(state: State, market: int) -> None:
    """B2, B3 of one market."""
    tick = state.markets[market].params.tick
    for side in (BUY, SELL):
        ladder = state.books[market].side(side)
        require(len(ladder.keys) == len(ladder.levels), "B2", len(ladder.keys), 0)
        last: Level | None = None
        for level in ladder.levels:
            require(last is None or last.key < level.key, "B2", level.key, 0)
            require(level.price % tick == 0, "B2", level.price, tick)
            last = level
            total = 0
            order = level.head
            before: Order | None = None
            require(order is not None, "B2", level.price, 0)
            while order is not None:
                known = state.orders.get(order.ident)
                require(known is order and order.resting, "B2", order.ident, 0)
                require(order.side == side and order.remaining > 0, "B2", order.ident, 0)
                require(order.price == level.price and order.prev is before, "B2", order.price, 0)
                if before is not None:
                    require(book.before(before, order), "B3", before.ident, order.ident)
                total += order.remaining
                before = order
                order = order.next
            require(total == level.total and level.tail is before, "B2", total, level.total)


@final
class OpenSums:
    """The open-order sums of one position, counted from the orders."""

    def __init__(self) -> None:
        self.bid_size: int = 0
        self.bid_notional: int = 0
        self.ask_size: int = 0
        self.ask_notional: int = 0
        self.ro_bid: int = 0
        self.ro_ask: int = 0

    def add(self, order: Order) -> None:
        """Count one order."""
        worth = notional_ceil(order.price, order.remaining)
        if order.reduce_only:
            if order.side == BUY:
                self.ro_bid += order.remaining
            else:
                self.ro_ask += order.remaining
        elif order.side == BUY:
            self.bid_size += order.remaining
            self.bid_notional += worth
        else:
            self.ask_size += order.remaining
            self.ask_notional += worth


def check_orders(state: State, account: Account) -> None:
    """O1, O6, G5 of one account; its list and the table agree."""
    # The limit may have been lowered since; what it may be at most holds for everybody.
    most = OPEN_ORDERS_MOST
    require(len(account.orders) <= most, "O1", len(account.orders), most)
    last = 0
    for order in account.orders:
        require(order.sequence > last, "B2", order.sequence, last)
        last = order.sequence
        require(order.account is account, "B2", order.ident, account.ident)
        known = state.orders.get(order.ident)
        require(known is order and order.resting, "B2", order.ident, account.ident)
        if order.client_order_id != "":
            known = account.client_orders.get(order.client_order_id)
            require(known is order, "B2", order.ident, account.ident)
    for row in account.positions:
        check_open_sums(state, account, row)


def check_open_sums(state: State, account: Account, row: Position) -> None:
    """G5, O6 of one position."""
    sums = OpenSums()
    for order in account.orders:
        if order.market == row.market:
            sums.add(order)
    for auction in state.board.live[row.market]:
        order = auction.order
        # A reduce-only auction is cut down when it fills, not when its position shrinks.
        if order.account is account and not order.reduce_only:
            sums.add(order)
    require(row.bid_size == sums.bid_size, "G5", row.bid_size, sums.bid_size)
    require(row.bid_notional == sums.bid_notional, "G5", row.bid_notional, sums.bid_notional)
    require(row.ask_size == sums.ask_size, "G5", row.ask_size, sums.ask_size)
    require(row.ask_notional == sums.ask_notional, "G5", row.ask_notional, sums.ask_notional)
    require(row.ro_bid == sums.ro_bid, "G5", row.ro_bid, sums.ro_bid)
    require(row.ro_ask == sums.ro_ask, "G5", row.ro_ask, sums.ro_ask)
    require(row.ro_bid <= row.closable(BUY), "O6", row.ro_bid, row.base)
    require(row.ro_ask <= row.closable(SELL), "O6", row.ro_ask, row.base)

"""The whole state: tables of rows, ordered indexes, and its canonical dump.

Tables grow through the methods here, which log how to shrink them again. Nothing iterates over a
mapping; the dump sorts, so that equal states have equal hashes whatever their history.
"""

from __future__ import annotations

from typing import Any, Final, cast, final

from mypy_extensions import i64, mypyc_attr

from plimsoll.core.ladder import Book
from plimsoll.core.rows import (
    Account,
    Asset,
    Balance,
    Globals,
    Market,
    Oracle,
    Order,
    Position,
    Principal,
    Vamm,
)
from plimsoll.core.store import Appended, Inserted, KeyAdded, KeyIndex, Tally, Undo, UndoLog
from plimsoll.messages.codes import TRADER, UNKNOWN_ACCOUNT, UNKNOWN_ASSET, UNKNOWN_MARKET, Reject
from plimsoll.messages.params import GlobalParams, MarketParams
from plimsoll.units import notional_floor

USD: Final = 0
"""The collateral: asset 0, 6 decimals."""


@final
class State:
    """Everything the exchange knows."""

    def __init__(self) -> None:
        self.log: UndoLog = UndoLog()
        self.globals: Globals = Globals(self.log, GlobalParams())
        self.principals: list[Principal] = []
        self.principal_names: dict[str, int] = {}
        self.assets: list[Asset] = []
        self.accounts: list[Account] = []
        self.markets: list[Market] = []
        self.vamms: list[Vamm] = []
        self.oracles: list[Oracle] = []
        self.books: list[Book] = []
        self.orders: dict[int, Order] = {}
        self.external_ids: dict[str, int] = {}
        self.expiries: KeyIndex = KeyIndex()

    # Look-ups that refuse ---------------------------------------------------------------

    def account(self, ident: int) -> Account:
        """The account, or ``UNKNOWN_ACCOUNT``."""
        if ident < 0 or ident >= len(self.accounts):
            raise Reject(UNKNOWN_ACCOUNT, ident, len(self.accounts))
        return self.accounts[ident]

    def market(self, ident: int) -> Market:
        """The market, or ``UNKNOWN_MARKET``."""
        if ident < 0 or ident >= len(self.markets):
            raise Reject(UNKNOWN_MARKET, ident, len(self.markets))
        return self.markets[ident]

    def check_asset(self, ident: int) -> None:
        """Refuse an asset that is not registered."""
        if ident < 0 or ident >= len(self.assets):
            raise Reject(UNKNOWN_ASSET, ident, len(self.assets))

    # Growth -----------------------------------------------------------------------------

    def add_principal(self, name: str, roles: int) -> Principal:
        """Register a principal under the next id."""
        row = Principal(self.log, len(self.principals), name, roles)
        self.principals.append(row)
        self.log.entries.append(Appended(self.principals))
        self.principal_names[name] = row.ident
        self.log.entries.append(KeyAdded(self.principal_names, name))
        return row

    def add_asset(self, symbol: str, decimals: int) -> Asset:
        """Register an asset under the next id."""
        row = Asset(len(self.assets), symbol, decimals)
        self.assets.append(row)
        self.log.entries.append(Appended(self.assets))
        return row

    def add_account(self, owner: int, kind: int, parent: int, label: str) -> Account:
        """Open an account under the next id."""
        row = Account(self.log, len(self.accounts), owner, kind, parent, label)
        self.accounts.append(row)
        self.log.entries.append(Appended(self.accounts))
        return row

    def add_market(self, params: MarketParams, accounts: list[Account]) -> Market:
        """Open a market under the next id; accounts: vAMM, adjustments, funding, insurance."""
        ident = len(self.markets)
        row = Market(self.log, ident, params, accounts[0], accounts[1], accounts[2], accounts[3])
        self.markets.append(row)
        self.vamms.append(Vamm(self.log, ident))
        self.oracles.append(Oracle(self.log, ident))
        self.books.append(Book())
        self.log.entries.append(Appended(self.markets))
        self.log.entries.append(Appended(self.vamms))
        self.log.entries.append(Appended(self.oracles))
        self.log.entries.append(Appended(self.books))
        return row

    def balance(self, account: Account, asset: int) -> Balance:
        """The balance row of an asset, made if there is none (rows up to it are made too)."""
        balances = account.balances
        while len(balances) <= asset:
            balances.append(Balance(self.log, account.ident, account.kind, len(balances)))
            self.log.entries.append(Appended(balances))
        return balances[asset]

    def position(self, account: Account, market: int) -> Position:
        """The position row of a market, made if there is none; the list is in market order."""
        positions = account.positions
        at = 0
        for row in positions:
            if row.market == market:
                return row
            if row.market > market:
                break
            at += 1
        made = Position(self.log, account.ident, market)
        positions.insert(at, made)
        self.log.entries.append(Inserted(positions, at))
        return made

    def use_external_id(self, key: str, seq: int) -> None:
        """Mark an id of the outside world as used, for ever."""
        self.external_ids[key] = seq
        self.log.entries.append(KeyAdded(self.external_ids, key))

    # Resting orders ---------------------------------------------------------------------

    def rest(self, order: Order) -> None:
        """Put an order into the book and every index of it."""
        self.books[order.market].side(order.side).place(order)
        self._index(order, len(order.account.orders))
        self.log.entries.append(Rested(self, order))
        order.position.add_open(
            order.side,
            order.remaining,
            notional_floor(order.price, order.remaining),
            order.reduce_only,
        )

    def unrest(self, order: Order) -> None:
        """Take an order out of the book and every index of it."""
        at = self._unindex(order)
        self.books[order.market].side(order.side).take(order)
        self.log.entries.append(Unrested(self, order, at))
        if order.remaining > 0:
            order.position.add_open(
                order.side,
                -order.remaining,
                -notional_floor(order.price, order.remaining),
                order.reduce_only,
            )

    def _index(self, order: Order, at: int) -> None:
        account = order.account
        self.orders[order.ident] = order
        orders = account.orders
        if at == len(orders):
            orders.append(order)
        else:
            orders.insert(at, order)
        if order.client_order_id != "":
            account.client_orders[order.client_order_id] = order
        if order.expires_ms > 0:
            self.expiries.add(order.expires_ms, order.ident)

    def _unindex(self, order: Order) -> int:
        account = order.account
        del self.orders[order.ident]
        # An account's orders stand in order of arrival.
        orders = account.orders
        low = 0
        high = len(orders)
        while low < high:
            middle = (low + high) >> 1
            if orders[middle].sequence < order.sequence:
                low = middle + 1
            else:
                high = middle
        orders.pop(low)
        if order.client_order_id != "":
            del account.client_orders[order.client_order_id]
        if order.expires_ms > 0:
            self.expiries.remove(order.expires_ms, order.ident)
        return low

    def put_back(self, order: Order, at: int) -> None:
        """Inverse of ``unrest`` (the sums restore themselves)."""
        self.books[order.market].side(order.side).put_back(order)
        self._index(order, at)

    def take_out(self, order: Order) -> None:
        """Inverse of ``rest`` (the sums restore themselves)."""
        self._unindex(order)
        self.books[order.market].side(order.side).take(order)

    # Dump and load ----------------------------------------------------------------------

    def dump(self) -> list[object]:
        """Nested lists of ints and texts in canonical order; equal states give equal dumps."""
        counters = self.globals
        orders = sorted(self.orders)
        used = sorted(self.external_ids)
        return [
            [
                counters.params.row(),
                counters.next_order,
                counters.next_sequence,
                counters.next_fill,
            ],
            [[row.name, row.roles] for row in self.principals],
            [[row.symbol, row.decimals] for row in self.assets],
            [_dump_account(row) for row in self.accounts],
            [_dump_market(row) for row in self.markets],
            [[row.x, row.y, row.sqrt_k, row.peg, row.net, row.capital] for row in self.vamms],
            [
                [row.price, row.confidence, row.published_ms, row.accepted_ms, row.window]
                for row in self.oracles
            ],
            [_dump_order(self.orders[ident]) for ident in orders],
            [[key, self.external_ids[key]] for key in used],
        ]


@final
@mypyc_attr(acyclic=True)
class Rested(Undo):
    """An order came to rest."""

    def __init__(self, state: State, order: Order) -> None:
        self.state: State = state
        self.order: Order = order

    def undo(self) -> None:
        self.state.take_out(self.order)

    def audit(self, check: Tally, stamp: i64) -> None:
        check.rested(self.order.market, len(self.order.account.orders))


@final
@mypyc_attr(acyclic=True)
class Unrested(Undo):
    """A resting order left; ``at`` is where it stood in its owner's list."""

    def __init__(self, state: State, order: Order, at: int) -> None:
        self.state: State = state
        self.order: Order = order
        self.at: int = at

    def undo(self) -> None:
        self.state.put_back(self.order, self.at)


def _dump_account(row: Account) -> list[object]:
    balances = [[b.asset, b.amount] for b in row.balances if b.amount != 0]
    positions = [
        [p.market, p.base, p.entry_cost] for p in row.positions if p.base != 0 or p.entry_cost != 0
    ]
    return [row.owner, row.kind, row.parent, row.label, balances, positions]


def _dump_market(row: Market) -> list[object]:
    return [
        row.params.row(),
        row.mode,
        row.open_interest,
        row.vamm.ident,
        row.adjustments.ident,
        row.funding.ident,
        row.insurance.ident,
    ]


def _dump_order(row: Order) -> list[object]:
    return [
        row.ident,
        row.account.ident,
        row.market,
        row.side,
        row.price,
        row.size,
        row.remaining,
        row.filled,
        row.reduce_only,
        row.expires_ms,
        row.client_order_id,
        row.age,
        row.priority_size,
        row.sequence,
    ]


def load(dump: list[Any]) -> State:
    """A state from its dump. The inverse of ``State.dump``; derived indexes are rebuilt."""
    state = State()
    head, principals, assets, accounts, markets, vamms, oracles, orders, used = dump
    state.globals.set_params(GlobalParams(*head[0]))
    state.globals.set_counters(head[1], head[2], head[3])
    for name, roles in principals:
        state.add_principal(name, roles)
    for symbol, decimals in assets:
        state.add_asset(symbol, decimals)
    for owner, kind, parent, label, balances, positions in accounts:
        account = state.add_account(owner, kind, parent, label)
        if kind == TRADER:
            state.principals[owner].count_account()
        for asset, amount in balances:
            state.balance(account, asset).add(amount)
        for market_id, base, entry_cost in positions:
            state.position(account, market_id).hold(base, entry_cost)
    for params, mode, interest, *idents in markets:
        owners = [state.accounts[ident] for ident in idents]
        market = state.add_market(MarketParams(*params), owners)
        market.set_mode(mode)
        market.add_interest(interest)
    for market, (x, y, sqrt_k, peg, net, capital) in zip(state.markets, vamms, strict=True):
        vamm = state.vamms[market.ident]
        if market.params.vamm_enabled:
            vamm.set_curve(x, y, sqrt_k, peg, net, market.params.vamm_base_spread)
        vamm.add_capital(capital)
    for market, (price, confidence, published, accepted, window) in zip(
        state.markets, oracles, strict=True
    ):
        oracle = state.oracles[market.ident]
        oracle.accept(price, confidence, published, accepted, window)
        oracle.set_band(market.params)
    load_orders(state, orders)
    for key, seq in used:
        state.use_external_id(key, seq)
    state.log.commit()
    return state


def load_orders(state: State, rows: list[list[Any]]) -> None:
    """Rest the orders of a dump in order of arrival."""
    by_arrival: list[list[Any]] = sorted(rows, key=_arrival)
    for row in by_arrival:
        ident, owner, market, side, price, size, remaining, filled, *flags = row
        reduce_only, expires_ms, client_order_id, age, priority_size, sequence = flags
        account = state.accounts[owner]
        order = Order(
            state.log,
            ident,
            account,
            state.position(account, market),
            side,
            price,
            size,
            filled,
            reduce_only,
            expires_ms,
            client_order_id,
            age,
        )
        order.set_place(remaining, priority_size, sequence)
        state.rest(order)


def _arrival(row: list[Any]) -> int:
    return cast(int, row[13])

"""The whole state: tables of rows, ordered indexes, and its canonical dump.

Tables grow through the methods here, which log how to shrink them again. Nothing iterates over a
mapping; the dump sorts, so that equal states have equal hashes whatever their history.
"""

from __future__ import annotations

from typing import Final, final

from mypy_extensions import i64, mypyc_attr

from plimsoll.core import dump
from plimsoll.core.board import Board
from plimsoll.core.gateway_board import GatewayBoard
from plimsoll.core.guard_board import GuardBoard
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
    Rates,
    Track,
    Vamm,
)
from plimsoll.core.store import Appended, Inserted, KeyAdded, KeyIndex, Tally, Undo, UndoLog
from plimsoll.core.vault_board import VaultBoard
from plimsoll.messages.codes import UNKNOWN_ACCOUNT, UNKNOWN_ASSET, UNKNOWN_MARKET, Reject
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
        self.tracks: list[Track] = []
        self.rates: list[Rates] = []
        self.board: Board = Board(self.log)
        self.liquidity: VaultBoard = VaultBoard(self.log)
        self.gateway: GatewayBoard = GatewayBoard(self.log)
        self.guard: GuardBoard = GuardBoard(self.log)
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
        """Open a market under the next id; accounts: vAMM, adjustments, funding, insurance,
        clearing, escrow."""
        ident = len(self.markets)
        row = Market(
            self.log,
            ident,
            params,
            accounts[0],
            accounts[1],
            accounts[2],
            accounts[3],
            accounts[4],
            accounts[5],
        )
        self.markets.append(row)
        self.vamms.append(Vamm(self.log, ident))
        self.oracles.append(Oracle(self.log, ident))
        self.books.append(Book())
        self.log.entries.append(Appended(self.markets))
        self.log.entries.append(Appended(self.vamms))
        self.log.entries.append(Appended(self.oracles))
        self.log.entries.append(Appended(self.books))
        self.tracks.append(Track(self.log, ident))
        self.rates.append(Rates(self.log, ident))
        self.log.entries.append(Appended(self.tracks))
        self.log.entries.append(Appended(self.rates))
        self.board.add_market()
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
        board = self.board
        return [
            [
                counters.params.row(),
                counters.next_order,
                counters.next_sequence,
                counters.next_fill,
                counters.scanned,
            ],
            [[row.name, row.roles] for row in self.principals],
            [[row.symbol, row.decimals] for row in self.assets],
            [dump.account(row) for row in self.accounts],
            [dump.market(row) for row in self.markets],
            [dump.vamm(row) for row in self.vamms],
            [dump.oracle(row) for row in self.oracles],
            [dump.order(self.orders[ident]) for ident in sorted(self.orders)],
            [[key, self.external_ids[key]] for key in sorted(self.external_ids)],
            [dump.track(row) for row in self.tracks],
            [dump.rates(row) for row in self.rates],
            # In order of their start, which the ids of amended orders need not follow.
            [[dump.auction(row) for row in live] for live in board.live],
            [dump.trigger(board.triggers[ident]) for ident in sorted(board.triggers)],
            dump.liquidity(self.liquidity.vaults, self.liquidity.holdings),
            dump.spot(self.liquidity.pools, self.liquidity.offers, self.liquidity.escrow),
            self.dump_gateway(),
            self.dump_guard(),
        ]

    def dump_gateway(self) -> list[object]:
        """Who may sign, and what is known of signed orders."""
        board = self.gateway
        return [
            [[account, board.signers[account]] for account in sorted(board.signers)],
            [dump.signed(board.signed[key]) for key in sorted(board.signed)],
        ]

    def dump_guard(self) -> list[object]:
        """The breaker, what was taken out, what is held, what is proposed."""
        board = self.guard
        rows = [board.outflows[principal] for principal in sorted(board.outflows)]
        return [
            dump.breaker(board.breaker),
            [dump.outflow(row) for row in rows if len(row.flows) > 0],
            -1 if board.holder is None else board.holder.ident,
            [dump.held(board.held[ident]) for ident in sorted(board.held)],
            [dump.proposal(board.proposals[ident]) for ident in sorted(board.proposals)],
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

"""The passive vault's orders: cancelled and placed anew with every batch of prices.

They stand in the book like anybody's and are filled like anybody's, but nobody placed them: the
event of the quotes reports them, and what becomes of one later is reported as of any order. How
much and at which price is decided by ``vault_quotes``.

Spec: docs/spec/23-passive-vault.md, PASSIVE-001 … PASSIVE-012.
"""

from __future__ import annotations

from typing import final

from plimsoll.core import margin, oracle, shares, vault_quotes
from plimsoll.core.context import Txn
from plimsoll.core.rows import Market, Order, Vault
from plimsoll.core.state import State
from plimsoll.core.vault_quotes import Quotes
from plimsoll.messages.codes import ACTIVE, BUY, HALTED, SELL
from plimsoll.messages.events import VaultQuoted
from plimsoll.messages.vault_params import QuoteParams
from plimsoll.units import AMOUNT_MAX, RangeError, step_ceil, step_floor


@final
class Placed:
    """The quotes of one market, with the ids of their orders (0: none)."""

    def __init__(self, market: int, quotes: Quotes, bid_order: int, ask_order: int) -> None:
        self.market: int = market
        self.bid_order: int = bid_order
        self.bid: int = quotes.bid if bid_order > 0 else 0
        self.bid_size: int = quotes.bid_size if bid_order > 0 else 0
        self.ask_order: int = ask_order
        self.ask: int = quotes.ask if ask_order > 0 else 0
        self.ask_size: int = quotes.ask_size if ask_order > 0 else 0


def requote(txn: Txn, vault: Vault) -> None:
    """Cancel every quote and place what the policy says now. PASSIVE-001.

    Nothing is refused because of it: where an amount leaves its range there are no quotes.
    """
    state = txn.state
    before = cancel_quotes(state, vault)
    free = 0
    placed: list[Placed] = []
    scope = state.log.open()
    try:
        if may_quote(state, vault):
            free = margin_to_quote(state, vault)
            if free > 0:
                placed = place_all(txn, vault, free)
    except RangeError:
        state.log.rollback(scope)
        free = 0
        placed = []
    report(txn, vault, before, placed, free)


def cancel_quotes(state: State, vault: Vault) -> list[int]:
    """Take all of the vault's orders out of the book; the markets they were in."""
    found: list[int] = []
    orders = vault.account.orders
    while len(orders) > 0:
        order = orders[len(orders) - 1]
        if order.market not in found:
            found.append(order.market)
        state.unrest(order)
    return found


def may_quote(state: State, vault: Vault) -> bool:
    """Not while it is halted, liquidated or shut. PASSIVE-009."""
    if vault.effective_mode() == HALTED or vault.account.liquidations > 0:
        return False
    params = vault.params
    worth = margin.equity(state, vault.account)
    return not shares.is_shut(worth, vault.supply, params.virtual_assets, params.virtual_shares)


def margin_to_quote(state: State, vault: Vault) -> int:
    """What is shared out to the markets: equity that backs no position, or all of the vault's
    margin if its parameters say so. PASSIVE-002."""
    account = vault.account
    if vault.params.margin_total:
        found = margin.settled(state, account)
    else:
        found = margin.equity(state, account) - margin.requirement(state, account, False)
    return max(0, min(AMOUNT_MAX, found))


def place_all(txn: Txn, vault: Vault, free: int) -> list[Placed]:
    """Quote in every market that can be quoted now, in the order of their ids."""
    state = txn.state
    total = vault_quotes.total_weight(vault.quotes)
    placed: list[Placed] = []
    at = 0
    for params in vault.quotes:
        market = state.markets[at]
        at += 1
        if params.weight == 0 or market.effective_mode() != ACTIVE:
            continue
        if oracle.is_valid(state, market, txn.now):
            part = vault_quotes.part_of(free, params.weight, total)
            placed.append(place(txn, vault, market, params, part))
    return placed


def place(txn: Txn, vault: Vault, market: Market, params: QuoteParams, part: int) -> Placed:
    """Quote in one market: the bid, then the ask."""
    state = txn.state
    row = state.position(vault.account, market.ident)
    reducing = vault.effective_mode() != ACTIVE
    found = vault_quotes.quote(params, part, row.base, seen(state, market), reducing)
    bid_order = rest(txn, vault, market, BUY, found.bid, found.bid_size)
    ask_order = rest(txn, vault, market, SELL, found.ask, found.ask_size)
    return Placed(market.ident, found, bid_order, ask_order)


def seen(state: State, market: Market) -> vault_quotes.Seen:
    """A market as the policy sees it; the vault's own orders are out of its book.

    The vAMM's quotes are prices of others, too: whoever posted through them would be settled
    against a vAMM that has not followed the oracle yet, at its cost. PASSIVE-006.
    """
    params = market.params
    price = state.oracles[market.ident]
    sides = state.books[market.ident]
    best_bid = sides.best_price(BUY)
    best_ask = sides.best_price(SELL)
    if params.vamm_enabled:
        row = state.vamms[market.ident]
        best_bid = max(best_bid, step_floor(row.bid, params.tick))
        ask = step_ceil(row.ask, params.tick)
        best_ask = ask if best_ask == 0 else min(best_ask, ask)
    return vault_quotes.Seen(
        oracle=price.price,
        imr=params.imr,
        tick=params.tick,
        step=params.step,
        min_notional=params.min_notional,
        best_bid=best_bid,
        best_ask=best_ask,
        low=price.low,
        high=price.high,
    )


def rest(txn: Txn, vault: Vault, market: Market, side: int, price: int, size: int) -> int:
    """Let one quote stand; its order's id, 0 if it has no size, or the vault as many orders as
    anybody may."""
    state = txn.state
    account = vault.account
    if size == 0 or account.open_orders() >= state.globals.params.open_orders_max:
        return 0
    order = Order(
        state.log,
        state.globals.take_order(),
        account,
        state.position(account, market.ident),
        side,
        price,
        size,
        0,
        False,
        0,
        "",
        txn.now,
    )
    order.arrive(state.globals.take_sequence())
    state.rest(order)
    return order.ident


def report(txn: Txn, vault: Vault, before: list[int], placed: list[Placed], free: int) -> None:
    """Report the quotes of every market that has or had some, in the order of their ids."""
    for ident in range(len(vault.quotes)):
        shown = Placed(ident, Quotes(0, 0, 0, 0), 0, 0)
        for one in placed:
            if one.market == ident:
                shown = one
        if shown.bid_order > 0 or shown.ask_order > 0 or ident in before:
            txn.emit(
                VaultQuoted(
                    vault.ident,
                    ident,
                    shown.bid_order,
                    shown.bid,
                    shown.bid_size,
                    shown.ask_order,
                    shown.ask,
                    shown.ask_size,
                    free,
                )
            )

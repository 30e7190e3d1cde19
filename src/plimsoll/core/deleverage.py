"""Auto-deleveraging: positions of the other side are closed against one nobody takes over.

At the bankruptcy price, without fees, those who gain the most first. Who is on the losing side of
that price gives up at most the unrealised profit of the market; what is left after everybody is
closed at the oracle price, and the deficit that this leaves is borne like any other. A leg of the
vAMM moves its reserves along the curve; the difference is booked to its capital.

Spec: docs/spec/18-liquidation.md, LIQ-012, LIQ-013, LIQ-024 … LIQ-026.
"""

from __future__ import annotations

from typing import Final

from plimsoll.core import (
    book,
    curve,
    liquidation,
    losses,
    routing,
    settlement,
    spot_hedge_vault,
)
from plimsoll.core.context import Txn
from plimsoll.core.liquidation import Counterparty
from plimsoll.core.rows import Account, Market, Order, Position
from plimsoll.messages.codes import BUY, FROM_ADL, HEDGED_VAULT, SELL, VAMM, VAULT
from plimsoll.messages.events import VammMoved
from plimsoll.messages.mechanisms import Deleveraged
from plimsoll.units import LOT, div_floor, notional_ceil, notional_floor, step_floor

DUST: Final = 2
"""Rounding of a value and of a quote (1e-6): kept so that nobody is left a unit short."""


def close_out(txn: Txn, market: Market, order: Order, price: int) -> None:
    """Close what is left of a fee-free reduce-only ``order``: at ``price``, then at the oracle's.

    Walks all accounts, in order of their ids.
    """
    oracle = txn.state.oracles[market.ident].price
    take(txn, market, order, price)
    if routing.offer(order) > 0 and price != oracle:
        take(txn, market, order, oracle)
    if len(txn.to_trim) > 0:
        book.trim_reduce_only(txn)


def take(txn: Txn, market: Market, order: Order, price: int) -> None:
    """One round of counterparties at one price. LIQ-013, LIQ-025."""
    state = txn.state
    if routing.offer(order) == 0:
        return
    for each in liquidation.deleveraging_order(
        order.position.base, counterparties(txn, market, order)
    ):
        wanted = routing.offer(order)
        if wanted == 0:
            return
        account = state.accounts[each.account]
        held = state.position(account, market.ident)
        most = bearable(txn, market, account, held, price)
        size = min(wanted, most)
        if size > 0:
            close_against(txn, market, order, account, held, size, price)


def rank(account: Account) -> int:
    """Who is taken first: traders, the passive vault, the vAMM, hedged vaults. LIQ-012."""
    if account.kind == VAMM:
        return liquidation.RANK_VAMM
    if account.kind == VAULT:
        return liquidation.RANK_PASSIVE_VAULT
    if account.kind == HEDGED_VAULT:
        return liquidation.RANK_HEDGED_VAULT
    return liquidation.RANK_TRADER


def counterparties(txn: Txn, market: Market, order: Order) -> list[Counterparty]:
    """Everybody on the other side of the position an order closes."""
    long = order.position.base > 0
    found: list[Counterparty] = []
    for account in txn.state.accounts:
        row = account.position(market.ident)
        if row is None or row.base == 0 or (row.base > 0) == long:
            continue
        found.append(Counterparty(account.ident, rank(account), row.base, row.entry_cost))
    return found


def bearable(txn: Txn, market: Market, account: Account, held: Position, price: int) -> int:
    """How much of a position can be closed at ``price`` at the cost of its profit only. LIQ-025."""
    state = txn.state
    size = held.base if held.base > 0 else -held.base
    oracle = state.oracles[market.ident].price
    worse = oracle - price if held.base > 0 else price - oracle
    if worse <= 0:
        return size
    settlement.settle_funding(txn, market, account, held)
    gives = losses.profit(state, market, account, held) - DUST
    if gives <= 0:
        return 0
    most = div_floor(gives * LOT, worse)
    return size if most >= size else step_floor(most, market.params.step)


def close_against(
    txn: Txn,
    market: Market,
    order: Order,
    account: Account,
    held: Position,
    size: int,
    price: int,
) -> None:
    """Close a part of two positions against each other; the quote is rounded against the order."""
    if order.side == BUY:
        quote = notional_ceil(price, size)
    else:
        quote = notional_floor(price, size)
    vault = txn.state.liquidity.hedged(account)
    missed = 0 if vault is None else vault.unhedged
    fill = settlement.exchange(txn, market, order, account, held, 0, price, size, quote, FROM_ADL)
    order.fill(size)
    if vault is not None:
        spot_hedge_vault.follow(txn, vault, missed)
    if account is market.vamm:
        move_vamm(txn, market, order.side, size, quote)
    elif order.account is market.vamm:
        move_vamm(txn, market, SELL if order.side == BUY else BUY, size, quote)
    txn.emit(Deleveraged(fill, order.account.ident, account.ident, market.ident, size, price))


def move_vamm(txn: Txn, market: Market, side: int, size: int, quote: int) -> None:
    """Move the curve by a trade of ``side`` against it that cost ``quote``. LIQ-026.

    What the curve says and the account did not get (or pay) is booked: ``A10`` holds.
    """
    row = txn.state.vamms[market.ident]
    moved = curve.swap(row.x, row.y, row.sqrt_k, row.peg, side, size)
    plain = curve.plain_quote(row.y, moved.y, row.peg, side)
    row.move(moved.x, moved.y, row.net + size if side == BUY else row.net - size)
    row.book(plain - quote if side == BUY else quote - plain)
    txn.emit(VammMoved(market.ident, row.x, row.y, row.peg, row.net, 0, row.bid, row.ask))

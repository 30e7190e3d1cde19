"""The liquidation of an account: what is closed where, at which prices, and how it ends.

    settle funding -> judge -> cancel what stands -> per market: book, auction or vAMM,
    deleveraging, penalty -> bad debt

An account without equity is closed at once: waiting costs other people's money. Who is due is found
in ``solvency``, the formulas are in ``liquidation``; the other side is closed in ``deleverage``,
losses are borne in ``losses``.

Spec: docs/spec/18-liquidation.md, LIQ-014 … LIQ-019, LIQ-022, LIQ-023.
"""

from __future__ import annotations

from typing import Final, final

from plimsoll.core import (
    auctions,
    book,
    deleverage,
    liquidation,
    losses,
    margin,
    oracle,
    routing,
    solvency,
    spot_hedge_vault,
    standing,
    vamm,
)
from plimsoll.core.context import Txn
from plimsoll.core.liquidation import Close
from plimsoll.core.rows import Account, Auction, Market, Order, Position, Vault
from plimsoll.messages.codes import (
    BUY,
    DONE_BANKRUPT,
    DONE_FILLED,
    DONE_LIQUIDATED,
    DONE_NO_LIQUIDITY,
    DONE_RECOVERED,
    DONE_REDUCE_ONLY,
    DONE_RESTRICTED,
    DONE_STALE_ORACLE,
    DONE_WORK_LIMIT,
    HALTED,
    IN_LIQUIDATION,
    LIQUIDATION_OFF,
    LIQUIDATION_WAIT,
    MARKET_MODE,
    NOTHING_TO_DO,
    OF_LIQUIDATION,
    RESTRICTED,
    SELL,
    SUFFICIENT_COLLATERAL,
    Reject,
)
from plimsoll.messages.mechanisms import Liquidating, LiquidationEnded
from plimsoll.units import notional_floor

STARTED: Final = -1
"""What is left of a close is in an auction; beside the ``DONE_...``."""


# The liquidation ----------------------------------------------------------------------------------


def liquidate(txn: Txn, account: Account) -> None:
    """Close as much of an account as restores it, or all of it. LIQ-014 to LIQ-018.

    Rejects: IN_LIQUIDATION, ORACLE_INVALID, PRICE_BANDS_BREACHED, SUFFICIENT_COLLATERAL,
    LIQUIDATION_OFF, MARKET_MODE, LIQUIDATION_WAIT, NOTHING_TO_DO.
    """
    state = txn.state
    if account.liquidations > 0:
        raise Reject(IN_LIQUIDATION, account.liquidations)
    solvency.settle_all(txn, account)
    fault = solvency.prices_fault(state, account, txn.now)
    if fault is not None:
        raise fault
    # Orders go first: what escrow gives back may be all that is missing.
    stood = account.open_orders()
    standing.cancel_all(txn, account, -1, DONE_LIQUIDATED)
    vault = state.liquidity.hedged(account)
    if vault is not None:
        sell_spot(txn, account, vault)
    equity = margin.equity(state, account)
    required = margin.requirement(state, account, True)
    if not liquidation.is_liquidatable(equity, required):
        raise Reject(SUFFICIENT_COLLATERAL, equity, required)
    if solvency.is_flat(account):
        sweep(txn, account)
        return
    closes = due_closes(txn, account, equity, required)
    work = Work()
    for close in closes:
        if work.closed > 0 and solvency.recovered(state, account):
            break
        close_one(txn, state.markets[close.market], account, close, work)
    if work.closed == 0 and account.liquidations == 0 and stood == 0:
        raise Reject(MARKET_MODE, RESTRICTED, RESTRICTED)
    if account.liquidations == 0:
        judge(txn, account, work.markets, work.notionals, work.reason)


def sell_spot(txn: Txn, account: Account, vault: Vault) -> None:
    """Turn the base of a hedged vault into money before its position is closed, if all it has is
    too little. HEDGE-011. Rejects: SUFFICIENT_COLLATERAL, those of ``sell_out``.
    """
    state = txn.state
    have = solvency.worth(state, account)
    required = margin.requirement(state, account, True)
    if not liquidation.is_liquidatable(have, required):
        raise Reject(SUFFICIENT_COLLATERAL, have, required)
    spot_hedge_vault.sell_out(txn, vault)


@final
class Work:
    """What a liquidation has done so far: closed notional by market, and why it stops."""

    def __init__(self) -> None:
        self.markets: list[Market] = []
        self.notionals: list[int] = []
        self.closed: int = 0
        self.reason: int = DONE_FILLED


def due_closes(txn: Txn, account: Account, equity: int, required: int) -> list[Close]:
    """The closes of the schedule that need not wait. LIQ-014, LIQ-016."""
    state = txn.state
    found = solvency.holdings(state, account)
    if len(found) == 0:
        for row in account.positions:
            if row.base != 0 and not state.markets[row.market].params.liquidation:
                raise Reject(LIQUIDATION_OFF, row.market)
        raise Reject(MARKET_MODE, HALTED, HALTED)
    due: list[Close] = []
    since = 0
    pause = 0
    for close in liquidation.close_schedule(equity, required, found):
        last = state.position(account, close.market).liquidated_ms
        if equity > 0 and last > 0:
            since = txn.now - last
            pause = state.markets[close.market].params.liquidation_chunk_ms
            if since < pause:
                continue
        due.append(close)
    if len(due) == 0:
        raise Reject(LIQUIDATION_WAIT, since, pause)
    return due


def close_one(txn: Txn, market: Market, account: Account, close: Close, work: Work) -> None:
    """Close a part of one position: book, then auction or vAMM, then the other side."""
    state = txn.state
    ident = market.ident
    row = state.position(account, ident)
    price = state.oracles[ident].price
    equity = margin.equity(state, account)
    tick = market.params.tick
    bankruptcy = liquidation.bankruptcy_price(row.base, price, equity, tick)
    limit = liquidation.book_limit(row.base, price, equity, market.insurance.cash(), tick)
    order = closing_order(txn, account, row, close.size, limit)
    announce(txn, order, bankruptcy, equity, price)
    if routing.take_book(txn, market, order, first_worst(txn, market, order)):
        reason = beyond_book(txn, market, order, bankruptcy, equity)
    else:
        reason = DONE_WORK_LIMIT
    if len(txn.to_trim) > 0:
        book.trim_reduce_only(txn)
    losses.charge(txn, market, account, order.filled)
    if close.waits() and row.base != 0 and (order.filled > 0 or reason == STARTED):
        row.mark_liquidated(txn.now)
    work.closed += order.filled
    work.markets.append(market)
    work.notionals.append(notional_floor(price, order.filled))
    if reason > DONE_FILLED:
        work.reason = reason


def first_worst(txn: Txn, market: Market, order: Order) -> int:
    """How far the book is asked first: no further than the vAMM's quote, which is asked next. What
    the vAMM leaves may go down to the limit. LIQ-017."""
    if not market.params.vamm_enabled or not oracle.is_valid(txn.state, market, txn.now):
        return order.price
    quote = vamm.quote_price(txn.state.vamms[market.ident], order.side)
    return min(order.price, quote) if order.side == BUY else max(order.price, quote)


def closing_order(txn: Txn, account: Account, row: Position, size: int, limit: int) -> Order:
    """A reduce-only taker without fees for a part of a position."""
    side = SELL if row.base > 0 else BUY
    order = Order(
        txn.state.log,
        txn.state.globals.take_order(),
        account,
        row,
        side,
        limit,
        min(size, row.closable(side)),
        0,
        True,
        0,
        "",
        txn.now,
    )
    order.without_fees()
    return order


def announce(txn: Txn, order: Order, bankruptcy: int, equity: int, price: int) -> None:
    """Report what is going to be closed."""
    account = order.account
    txn.emit(
        Liquidating(
            account.ident,
            order.market,
            order.side,
            order.remaining,
            bankruptcy,
            order.price,
            equity,
            margin.requirement(txn.state, account, True),
            price,
        )
    )


def beyond_book(txn: Txn, market: Market, order: Order, bankruptcy: int, equity: int) -> int:
    """What the book left: an auction, else the vAMM and the other side. LIQ-017, LIQ-018.

    Returns why the close is over, or ``STARTED``.
    """
    if order.remaining == 0:
        return DONE_FILLED
    params = market.params
    if (
        equity > 0
        and params.liquidation_auction
        and params.vamm_enabled
        and auctions.has_room(txn.state, market, order.account, OF_LIQUIDATION)
    ):
        auctions.start(txn, market, order, OF_LIQUIDATION, bankruptcy)
        return STARTED
    return close_rest(txn, market, order, bankruptcy, equity)


def close_rest(txn: Txn, market: Market, order: Order, bankruptcy: int, equity: int) -> int:
    """Close the rest against the vAMM, then the rest of the book, both within the limit, then
    against the other side."""
    why = DONE_FILLED
    if market.params.vamm_enabled:
        why = routing.take_vamm(txn, market, order, forced=equity <= 0)
        if order.remaining > 0 and not routing.take_book(txn, market, order, order.price):
            return DONE_WORK_LIMIT
    if why == DONE_RESTRICTED and equity > 0 and routing.offer(order) > 0:
        return DONE_RESTRICTED
    deleverage.close_out(txn, market, order, bankruptcy)
    if order.remaining == 0:
        return DONE_FILLED
    return DONE_REDUCE_ONLY if routing.offer(order) == 0 else DONE_NO_LIQUIDITY


# The end ------------------------------------------------------------------------------------------


def judge(
    txn: Txn, account: Account, markets: list[Market], notionals: list[int], reason: int
) -> None:
    """Cover what a closed account owes, and report the end. LIQ-022, LIQ-023."""
    state = txn.state
    if solvency.is_flat(account) and account.cash() < 0:
        losses.cover(txn, account, markets, notionals)
        reason = DONE_BANKRUPT
    vault = state.liquidity.hedged(account)
    if vault is not None:
        spot_hedge_vault.write_off(txn, vault)
    equity = margin.equity(state, account)
    required = margin.requirement(state, account, True)
    txn.emit(LiquidationEnded(account.ident, equity, required, reason))


def sweep(txn: Txn, account: Account) -> None:
    """Cover what an account without positions owes, by the markets it was in. LIQ-022."""
    markets: list[Market] = []
    weights: list[int] = []
    for row in account.positions:
        market = txn.state.markets[row.market]
        if solvency.closable(market):
            markets.append(market)
            weights.append(1)
    owed = account.cash()
    if len(markets) > 0:
        judge(txn, account, markets, weights, DONE_BANKRUPT)
    if account.cash() == owed:
        raise Reject(NOTHING_TO_DO)


# Auctions -----------------------------------------------------------------------------------------


def after_fill(txn: Txn, market: Market, order: Order, before: int) -> None:
    """Charge the penalty for what makers just filled of a liquidation's auction. LIQ-019.

    ``before`` is what was filled until then. Ends the auction when nothing is left of it or the
    account has recovered: the caller must look whether it still runs.
    """
    account = order.account
    losses.charge(txn, market, account, order.filled - before)
    auction = txn.state.board.auctions[order.ident]
    if order.remaining == 0:
        end(txn, market, auction, DONE_FILLED)
    elif solvency.recovered(txn.state, account):
        end(txn, market, auction, DONE_RECOVERED)


def finish(txn: Txn, market: Market, auction: Auction) -> None:
    """The time of a liquidation's auction is over: close what is left of it and end it. LIQ-019."""
    order = auction.order
    before = order.filled
    solvency.settle_all(txn, order.account)
    reason = last_part(txn, market, auction)
    if len(txn.to_trim) > 0:
        book.trim_reduce_only(txn)
    losses.charge(txn, market, order.account, order.filled - before)
    end(txn, market, auction, reason)


def end(txn: Txn, market: Market, auction: Auction, reason: int) -> None:
    """Take a liquidation's auction down; with the last one of an account, judge it. LIQ-019."""
    order = auction.order
    auctions.end(txn, market, auction, reason)
    if order.account.liquidations == 0:
        worth = notional_floor(txn.state.oracles[market.ident].price, order.filled)
        judge(txn, order.account, [market], [worth], reason)


def last_part(txn: Txn, market: Market, auction: Auction) -> int:
    """What is done with the rest of an auction, and why it ends."""
    order = auction.order
    account = order.account
    if order.remaining == 0:
        return DONE_FILLED
    if routing.offer(order) == 0:
        return DONE_REDUCE_ONLY
    if solvency.prices_fault(txn.state, account, txn.now) is not None:
        return DONE_STALE_ORACLE
    if solvency.recovered(txn.state, account):
        return DONE_RECOVERED
    if not solvency.closable(market):
        return DONE_RESTRICTED
    equity = margin.equity(txn.state, account)
    return close_rest(txn, market, order, auction.bankruptcy, equity)

"""What keeps the exchange going: oracle prices and overdue work. Spec: UPKEEP-001 … 003."""

from __future__ import annotations

from plimsoll.core import (
    auctions,
    book,
    escrow,
    ledger,
    margin,
    market_update,
    oracle,
    routing,
    settlement,
    vamm,
)
from plimsoll.core.context import Txn
from plimsoll.core.handlers import access, checks, delayed, liquidation, liquidity
from plimsoll.core.rows import Market, Order
from plimsoll.messages.codes import (
    ACTIVE,
    BUY,
    DONE_EXPIRED,
    DONE_FILLED,
    DONE_MAKER_MARGIN,
    DONE_PRICE_BAND,
    HALTED,
    LIMIT_NOT_REACHED,
    MARKET_MODE,
    NORMAL,
    OPEN_INTEREST,
    ORACLE_NOT_POSITIVE,
    ORACLE_TOO_UNCERTAIN,
    ORACLE_TOO_VOLATILE,
    ORDER_NOT_EXPIRED,
    R_KEEPER_SURPLUS,
    RESTRICTED,
    SELL,
    UNKNOWN_ORDER,
    VAMM_DISABLED,
    Reject,
)
from plimsoll.messages.commands import ExpireOrder, MatchLimit, OraclePrices
from plimsoll.units import RangeError, at_rate_floor, notional_floor, step_floor


def oracle_prices(txn: Txn, cmd: OraclePrices) -> None:
    """Judge a batch of prices one by one; a bad one is refused alone. Delayed orders that waited
    for them are executed with them, as many as a command may work on. UPDATE-002, DELAY-006.
    """
    markets = txn.state.markets
    for point in cmd.prices:
        refusal = oracle.submit(txn, point)
        if refusal == 0:
            market_update.update(txn, markets[point.market], market_update.ORACLE)
        elif refusal in (ORACLE_NOT_POSITIVE, ORACLE_TOO_UNCERTAIN, ORACLE_TOO_VOLATILE):
            market_update.invalid_price(txn, markets[point.market])
    liquidation.deleverage_vamms(txn)
    liquidity.after_prices(txn)
    delayed.execute_due(txn, txn.state.globals.params.tick_work_max)


def match_limit(txn: Txn, cmd: MatchLimit) -> None:
    """Settle a resting order against the vAMM, whose quote has reached its limit.

    An order that may not trade any more is removed instead. Rejects: UNKNOWN_ORDER, those of the
    keeper's account, and those of ``match_one``.
    """
    order = txn.state.orders.get(cmd.order)
    if order is None:
        raise Reject(UNKNOWN_ORDER, cmd.order)
    access.take_keeper(txn, cmd.keeper)
    match_one(txn, txn.state.markets[order.market], order)


def match_one(txn: Txn, market: Market, order: Order) -> None:
    """Fill a resting order at the vAMM's quote: no fee, no rebate, a part of the surplus for the
    keeper; or remove it, expired, out of the band, or unable to pay.

    Rejects: MARKET_MODE, VAMM_DISABLED, ORACLE_INVALID, LIMIT_NOT_REACHED, EXCHANGE_MODE,
    OPEN_INTEREST.
    """
    state = txn.state
    if market.effective_mode() == HALTED:
        raise Reject(MARKET_MODE, HALTED, HALTED)
    if not market.params.vamm_limits:
        raise Reject(VAMM_DISABLED, market.ident)
    if 0 < order.expires_ms < txn.now:
        book.remove(txn, order, DONE_EXPIRED)
        return
    oracle.check_valid(state, market, txn.now)
    row = state.vamms[market.ident]
    if not vamm.reaches(row, order.side, order.price):
        raise Reject(LIMIT_NOT_REACHED, order.price, vamm.quote_price(row, order.side))
    edges = state.oracles[market.ident]
    if not edges.low <= order.price <= edges.high:
        book.remove(txn, order, DONE_PRICE_BAND)
        return
    size = matchable(txn, market, order)
    plan = vamm.plan(row, order.side, size)
    if not routing.vamm_can_pay(txn, market, order.side, size, plan):
        size = step_floor(vamm.reducing(row.net, order.side, size), market.params.step)
        if size > 0:
            plan = vamm.plan(row, order.side, size)
    if size == 0 or not settlement.within(order.side, plan.quote, size, order.price):
        raise Reject(LIMIT_NOT_REACHED, order.price, vamm.quote_price(row, order.side))
    released = notional_floor(order.price, size)
    opens = not order.reduce_only and size > order.position.closable(order.side)
    paid = plan.quote if order.side == BUY else -plan.quote
    if opens:
        carries = routing.resting_can_pay(txn, market, order, size, paid, released)
    else:
        carries = not margin.sinks(state, order.account, market.ident, order.side, size, plan.quote)
    if not carries:
        book.remove(txn, order, DONE_MAKER_MARGIN)
        return
    settle_match(txn, market, order, size, released, plan)


def matchable(txn: Txn, market: Market, order: Order) -> int:
    """How much of a resting order the vAMM takes now, floored to the step, positive.

    Bounded by the limit less a tick, the vAMM's bounds, the modes and the open interest. Rejects:
    EXCHANGE_MODE, LIMIT_NOT_REACHED (no step is within the limit), MARKET_MODE, OPEN_INTEREST.
    """
    state = txn.state
    params = market.params
    row = state.vamms[market.ident]
    mode = market.effective_mode()
    asked = routing.mode_allows(market, order)
    if state.guard.breaker.mode != NORMAL and asked > order.position.closable(order.side):
        asked = order.position.closable(order.side)
        if asked == 0:
            checks.check_exchange(state)
    size = vamm.fillable(row, params, order.side, asked, order.price)
    if mode == RESTRICTED:
        size = step_floor(vamm.reducing(row.net, order.side, size), params.step)
    if size == 0:
        if mode != ACTIVE:
            raise Reject(MARKET_MODE, mode, ACTIVE)
        raise Reject(LIMIT_NOT_REACHED, order.price, vamm.quote_price(row, order.side))
    held = state.position(market.vamm, market.ident)
    allowed = auctions.interest_allows(market, order.side, order.position, held, size)
    if allowed < params.step:
        raise Reject(OPEN_INTEREST, market.open_interest, params.open_interest_max)
    return step_floor(allowed, params.step)


def settle_match(
    txn: Txn, market: Market, order: Order, size: int, released: int, plan: vamm.Plan
) -> None:
    """Settle a planned fill of a resting order, and pay its keeper."""
    # The order takes here, but owes no fee for it: it waited like any maker.
    taking = Order(
        txn.state.log,
        order.ident,
        order.account,
        order.position,
        order.side,
        order.price,
        size,
        0,
        order.reduce_only,
        0,
        "",
        txn.now,
    )
    taking.without_fees()
    book.fill_maker(order, size, released)
    surplus = routing.fill_vamm(txn, market, taking, size, plan)
    share = at_rate_floor(surplus, market.params.split_keepers)
    keeper = txn.keeper_account()
    ledger.pay(txn, market.adjustments, keeper, share, R_KEEPER_SURPLUS, market.ident)
    escrow.after_fill(txn, order)
    if order.remaining == 0:
        book.remove(txn, order, DONE_FILLED)
    book.trim_reduce_only(txn)


def match_due(txn: Txn, limit: int) -> int:
    """Settle the resting orders that the vAMMs' quotes have reached, best first.

    At most ``limit`` orders, and of a side only one that something is left of: a single fill
    takes what the vAMM gives at a time. Returns how many were filled or removed.
    """
    done = 0
    for market in txn.state.markets:
        if market.params.vamm_limits and market.effective_mode() != HALTED:
            done += match_side(txn, market, BUY, limit - done)
            done += match_side(txn, market, SELL, limit - done)
    return done


def match_side(txn: Txn, market: Market, side: int, limit: int) -> int:
    """``match_due`` of one side of a market."""
    state = txn.state
    sides = state.books[market.ident]
    done = 0
    while done < limit:
        level = sides.side(side).best()
        if level is None or not vamm.reaches(state.vamms[market.ident], side, level.price):
            break
        order = level.head
        if order is None:
            break
        scope = state.log.open()
        mark = len(txn.events)
        try:
            match_one(txn, market, order)
        except (Reject, RangeError):
            txn.to_trim.clear()
            txn.take_back(scope, mark)
            break
        done += 1
        if order.resting:
            break
    return done


# Expiry ------------------------------------------------------------------------------------------


def expire_order(txn: Txn, cmd: ExpireOrder) -> None:
    """Remove a resting order whose time is over, for the flat fee.

    Rejects: UNKNOWN_ORDER, ORDER_NOT_EXPIRED, those of the keeper's account.
    """
    order = txn.state.orders.get(cmd.order)
    if order is None:
        raise Reject(UNKNOWN_ORDER, cmd.order)
    if order.expires_ms == 0 or order.expires_ms >= txn.now:
        raise Reject(ORDER_NOT_EXPIRED, order.expires_ms, txn.now)
    access.take_keeper(txn, cmd.keeper)
    book.remove(txn, order, DONE_EXPIRED)
    escrow.pay_flat(txn, txn.state.markets[order.market], order.account)

"""Delayed orders: wait for a later oracle price, then execute at it.

One waits as a trigger with the direction ``LATER``: for a price *published* at ``earliest_ms`` or
later, whatever it is and whenever it comes in. The first attempt that such a price allows is the
only one: the order is executed, or refused for good, so that nobody chooses another moment.

Spec: docs/spec/25-gateway.md, DELAY-001 … DELAY-009.
"""

from __future__ import annotations

from plimsoll.core import book, escrow, oracle, standing, tracking
from plimsoll.core.context import Txn
from plimsoll.core.handlers import access, checks, triggers
from plimsoll.core.rows import Market, Order, Trigger
from plimsoll.core.state import State
from plimsoll.messages.codes import (
    ALREADY_EXPIRED,
    BAD_FIELD,
    DELAYED_EARLY,
    DONE_DELAYED_REFUSED,
    DONE_EXPIRED,
    GTC,
    HALTED,
    LATER,
    MARKET_MODE,
    ORACLE_INVALID,
    ORDER_COMBINATION,
    POST_NONE,
    UNKNOWN_ORDER,
    Reject,
)
from plimsoll.messages.gateway import ExecuteDelayed, PlaceDelayed
from plimsoll.messages.gateway_events import DelayedExecuted, DelayedPlaced, DelayedRefused


def place(txn: Txn, cmd: PlaceDelayed) -> None:
    """Let an order wait for a later oracle price. Nothing is reserved before. DELAY-002.

    Rejects, in this order: UNKNOWN_ACCOUNT, NOT_OWNER, ACCOUNT_KIND, UNKNOWN_MARKET,
    ORDER_COMBINATION, UNKNOWN_VAULT, VAULT_KIND, ALREADY_EXPIRED, BAD_FIELD (an expiry that no
    price can meet, or too far away), PRICE_NOT_ON_TICK, SIZE_NOT_ON_STEP, NOTIONAL_TOO_SMALL,
    OPEN_ORDERS_LIMIT, CLIENT_ORDER_ID_IN_USE, MARKET_MODE.
    """
    state = txn.state
    account = access.own_trader(txn, cmd.account)
    market = state.market(cmd.market)
    if cmd.tif == GTC:
        raise Reject(ORDER_COMBINATION, checks.RULE_DELAYED_NEVER_RESTS)
    checks.check_combination(txn, cmd.kind, cmd.tif, cmd.price, POST_NONE, 0)
    if cmd.maker >= 0:
        checks.check_directed(state, market, cmd.maker, cmd.tif)
    earliest = earliest_of(state, market, txn.now)
    check_expiry(market, cmd.expires_ms, earliest, txn.now)
    checks.check_grid(market.params, cmd.price, cmd.size)
    if not cmd.reduce_only:
        worst = cmd.price if cmd.price > 0 else state.oracles[market.ident].price
        checks.check_notional(market, worst, cmd.size)
    checks.check_may_rest(txn, account)
    checks.check_client_id(account, cmd.client_order_id)
    if market.mode == HALTED:
        raise Reject(MARKET_MODE, HALTED, HALTED)
    order = Order(
        state.log,
        state.globals.take_order(),
        account,
        state.position(account, cmd.market),
        cmd.side,
        cmd.price,
        cmd.size,
        0,
        cmd.reduce_only,
        cmd.expires_ms,
        cmd.client_order_id,
        txn.now,
    )
    state.board.arm(Trigger(order, cmd.kind, cmd.tif, 0, LATER, earliest, cmd.maker))
    txn.emit(
        DelayedPlaced(
            order.ident,
            account.ident,
            cmd.market,
            cmd.side,
            cmd.kind,
            cmd.tif,
            cmd.price,
            cmd.size,
            cmd.reduce_only,
            earliest,
            cmd.expires_ms,
            cmd.client_order_id,
            cmd.maker,
        )
    )


def earliest_of(state: State, market: Market, now: int) -> int:
    """The earliest publication (ms) that executes an order placed now: after it, and after every
    price that is known here, which may be stamped ahead of the time. DELAY-001."""
    known = max(now, state.oracles[market.ident].published_ms)
    return known + max(1, market.params.delayed_ms)


def check_expiry(market: Market, expires_ms: int, earliest: int, now: int) -> None:
    """Refuse an expiry that is over, too far away, or before any price that could execute.

    Rejects: ALREADY_EXPIRED, BAD_FIELD.
    """
    if expires_ms <= now:
        raise Reject(ALREADY_EXPIRED, expires_ms, now)
    latest = now + market.params.delayed_validity_max_ms
    if expires_ms > latest:
        raise Reject(BAD_FIELD, expires_ms, latest)
    if expires_ms < earliest:
        raise Reject(BAD_FIELD, expires_ms, earliest)


def execute(txn: Txn, cmd: ExecuteDelayed) -> None:
    """Execute a delayed order whose price has come, or end one that is past its expiry.

    Rejects: UNKNOWN_ORDER (a trigger is no delayed order), those of the keeper's account,
    MARKET_MODE, DELAYED_EARLY, ORACLE_INVALID (the last price is stale, uncertain, or far from its
    average). What the order itself meets refuses nothing: it is done, and the keeper is paid.
    """
    state = txn.state
    trigger = state.board.triggers.get(cmd.order)
    if trigger is None or not trigger.is_delayed():
        raise Reject(UNKNOWN_ORDER, cmd.order)
    access.take_keeper(txn, cmd.keeper)
    market = state.markets[trigger.market]
    if not is_over(trigger, txn.now):
        check_price(state, market, trigger, txn.now)
    set_off(txn, market, trigger)
    escrow.pay_flat(txn, market, trigger.order.account)


def is_over(trigger: Trigger, now: int) -> bool:
    """Whether a delayed order is past its expiry; at that time itself it still executes."""
    return trigger.order.expires_ms < now


def is_usable(state: State, market: Market, now: int) -> bool:
    """Whether the last price may execute what it lets go: fresh, certain, near its average."""
    return oracle.class_of(state, market, now) >= tracking.FOR_ORACLE_ORDERS


def check_price(state: State, market: Market, trigger: Trigger, now: int) -> None:
    """Refuse while a delayed order waits. DELAY-004.

    Rejects: MARKET_MODE, DELAYED_EARLY, ORACLE_INVALID.
    """
    if market.mode == HALTED:
        raise Reject(MARKET_MODE, HALTED, HALTED)
    row = state.oracles[market.ident]
    if row.published_ms < trigger.earliest_ms:
        raise Reject(DELAYED_EARLY, row.published_ms, trigger.earliest_ms)
    if not is_usable(state, market, now):
        raise Reject(ORACLE_INVALID, oracle.age(row, now), market.params.oracle_max_age_ms)


def set_off(txn: Txn, market: Market, trigger: Trigger) -> None:
    """Take a delayed order down and place it under its id, by all rules of placing, at the last
    price. DELAY-005.

    Never refuses: one that cannot be placed, or is past its expiry, is done, with the reason.
    """
    if is_over(trigger, txn.now):
        standing.disarm(txn, trigger, DONE_EXPIRED)
        return
    order = trigger.order
    row = txn.state.oracles[market.ident]
    txn.state.board.disarm(trigger)
    mark = len(txn.events)
    txn.emit(
        DelayedExecuted(
            trigger.ident, order.account.ident, market.ident, row.price, row.published_ms
        )
    )
    # Nothing of it rests: there is no expiry to hand on.
    refusal = triggers.place_waiting(txn, trigger, 0)
    if refusal is None:
        return
    txn.drop_events(mark)
    txn.emit(
        DelayedRefused(
            trigger.ident,
            order.account.ident,
            market.ident,
            refusal.code,
            refusal.value,
            refusal.limit,
        )
    )
    book.report_done(txn, order, DONE_DELAYED_REFUSED)


def next_due(state: State, market: Market, now: int) -> Trigger | None:
    """The delayed order of a market that is to be executed next; None. DELAY-006."""
    trigger = state.board.released(market.ident, state.oracles[market.ident].published_ms)
    if trigger is None or market.mode == HALTED or not is_usable(state, market, now):
        return None
    return trigger


def expire_due(txn: Txn, limit: int) -> int:
    """End delayed orders past their expiry, at most ``limit``; returns how many."""
    done = 0
    while done < limit:
        trigger = txn.state.board.lapsed(txn.now)
        if trigger is None:
            break
        standing.disarm(txn, trigger, DONE_EXPIRED)
        done += 1
    return done


def execute_due(txn: Txn, limit: int) -> int:
    """Execute delayed orders whose price has come, at most ``limit``: market by market, the one
    that was to go first first. Returns how many."""
    done = 0
    for market in txn.state.markets:
        while done < limit:
            trigger = next_due(txn.state, market, txn.now)
            if trigger is None:
                break
            set_off(txn, market, trigger)
            done += 1
    return done

"""Trigger orders: wait for the oracle, then be placed under the same id.

Spec: docs/spec/19-triggers.md, TRIGGER-001 … TRIGGER-007.
"""

from __future__ import annotations

from plimsoll.core import book, escrow, oracle, tracking
from plimsoll.core.context import Txn
from plimsoll.core.handlers import access, checks, trading
from plimsoll.core.rows import Market, Order, Trigger
from plimsoll.messages.codes import (
    ABOVE,
    AMOUNT_RANGE,
    DONE_EXPIRED,
    DONE_REDUCE_ONLY,
    DONE_TRIGGER_REFUSED,
    HALTED,
    MARKET_MODE,
    ORACLE_INVALID,
    POST_NONE,
    PRICE_NOT_ON_TICK,
    TRIGGER_IMMEDIATE,
    TRIGGER_NOT_REACHED,
    UNKNOWN_ORDER,
    Reject,
)
from plimsoll.messages.commands import FireTrigger, PlaceOrder, PlaceTrigger
from plimsoll.messages.mechanisms import TriggerFired, TriggerPlaced
from plimsoll.units import AMOUNT_MAX, RangeError


def is_reached(direction: int, trigger_price: int, price: int) -> bool:
    """Whether an oracle price is at or past a trigger's."""
    return price >= trigger_price if direction == ABOVE else price <= trigger_price


def place(txn: Txn, cmd: PlaceTrigger) -> None:
    """Leave an order for when the oracle is there. Nothing is reserved before.

    Rejects, in this order: UNKNOWN_ACCOUNT, NOT_OWNER, ACCOUNT_KIND, UNKNOWN_MARKET,
    ORDER_COMBINATION, ALREADY_EXPIRED, PRICE_NOT_ON_TICK, SIZE_NOT_ON_STEP, NOTIONAL_TOO_SMALL,
    OPEN_ORDERS_LIMIT, CLIENT_ORDER_ID_IN_USE, MARKET_MODE, ORACLE_INVALID, TRIGGER_IMMEDIATE.
    """
    state = txn.state
    account = access.own_trader(txn, cmd.account)
    market = state.market(cmd.market)
    checks.check_combination(txn, cmd.kind, cmd.tif, cmd.price, POST_NONE, cmd.expires_ms)
    checks.check_grid(market.params, cmd.price, cmd.size)
    if cmd.trigger_price % market.params.tick != 0:
        raise Reject(PRICE_NOT_ON_TICK, cmd.trigger_price, market.params.tick)
    if not cmd.reduce_only:
        worst = cmd.price if cmd.price > 0 else cmd.trigger_price
        checks.check_notional(market, worst, cmd.size)
    checks.check_may_rest(txn, account)
    checks.check_client_id(account, cmd.client_order_id)
    if market.mode == HALTED:
        raise Reject(MARKET_MODE, HALTED, HALTED)
    price = state.oracles[market.ident].price
    if price == 0:
        raise Reject(ORACLE_INVALID, -1, market.params.oracle_max_age_ms)
    if is_reached(cmd.direction, cmd.trigger_price, price):
        raise Reject(TRIGGER_IMMEDIATE, cmd.trigger_price, price)
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
    state.board.arm(Trigger(order, cmd.kind, cmd.tif, cmd.trigger_price, cmd.direction))
    txn.emit(
        TriggerPlaced(
            order.ident,
            account.ident,
            cmd.market,
            cmd.side,
            cmd.kind,
            cmd.tif,
            cmd.price,
            cmd.size,
            cmd.reduce_only,
            cmd.trigger_price,
            cmd.direction,
            cmd.expires_ms,
            cmd.client_order_id,
        )
    )


def fire(txn: Txn, cmd: FireTrigger) -> None:
    """Place the order of a trigger that the oracle has reached.

    Rejects: UNKNOWN_ORDER (a delayed order is no trigger), those of the keeper's account,
    MARKET_MODE, ORACLE_INVALID (the last price is no price, or far from its average),
    TRIGGER_NOT_REACHED.
    """
    trigger = txn.state.board.triggers.get(cmd.order)
    if trigger is None or trigger.is_delayed():
        raise Reject(UNKNOWN_ORDER, cmd.order)
    access.take_keeper(txn, cmd.keeper)
    market = txn.state.markets[trigger.market]
    if market.mode == HALTED:
        raise Reject(MARKET_MODE, HALTED, HALTED)
    row = txn.state.oracles[trigger.market]
    if oracle.class_of(txn.state, market, txn.now) < tracking.FOR_TRIGGERS:
        raise Reject(ORACLE_INVALID, oracle.age(row, txn.now), market.params.oracle_max_age_ms)
    if not is_reached(trigger.direction, trigger.trigger_price, row.price):
        raise Reject(TRIGGER_NOT_REACHED, row.price, trigger.trigger_price)
    set_off(txn, market, trigger)
    escrow.pay_flat(txn, market, trigger.order.account)


def set_off(txn: Txn, market: Market, trigger: Trigger) -> None:
    """Take a trigger down and place its order under its id, by all rules of placing.

    Never refuses: an order that cannot be placed is done, with the reason.
    """
    state = txn.state
    order = trigger.order
    price = state.oracles[market.ident].price
    state.board.disarm(trigger)
    txn.emit(
        TriggerFired(trigger.ident, order.account.ident, market.ident, trigger.trigger_price, price)
    )
    if 0 < order.expires_ms <= txn.now:
        book.report_done(txn, order, DONE_EXPIRED)
        return
    if order.reduce_only and order.position.closable(order.side) == 0:
        book.report_done(txn, order, DONE_REDUCE_ONLY)
        return
    if place_waiting(txn, trigger, order.expires_ms) is not None:
        book.report_done(txn, order, DONE_TRIGGER_REFUSED)


def place_waiting(txn: Txn, trigger: Trigger, expires_ms: int) -> Reject | None:
    """Place what a trigger or a delayed order waited with, under its id, by all rules of placing;
    it must have been taken down. ``expires_ms``: of what rests then.

    Never refuses: returns why it was refused, and nothing of the attempt is left; None if placed.
    """
    state = txn.state
    order = trigger.order
    placing = PlaceOrder(
        order.account.ident,
        trigger.market,
        order.side,
        trigger.kind,
        trigger.tif,
        order.price,
        order.size,
        POST_NONE,
        order.reduce_only,
        expires_ms,
        order.client_order_id,
        0,
        trigger.maker,
    )
    scope = state.log.open()
    mark = len(txn.events)
    try:
        trading.place_under(txn, order.account, placing, order.ident)
        return None
    except Reject as refusal:
        why = refusal
    except RangeError:
        why = Reject(AMOUNT_RANGE, 0, AMOUNT_MAX)
    txn.to_trim.clear()
    txn.take_back(scope, mark)
    return why


def fire_due(txn: Txn, limit: int) -> int:
    """Set off triggers that the oracle has reached, nearest first; at most ``limit``.

    While a market is halted or its price is not fresh, its triggers wait. Returns how many.
    """
    state = txn.state
    done = 0
    for market in state.markets:
        if market.mode == HALTED or not oracle.is_valid(state, market, txn.now):
            continue
        if oracle.class_of(state, market, txn.now) < tracking.FOR_TRIGGERS:
            continue
        while done < limit:
            trigger = state.board.reached(market.ident, state.oracles[market.ident].price)
            if trigger is None:
                break
            set_off(txn, market, trigger)
            done += 1
    return done

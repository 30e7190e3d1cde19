"""Orders: place, cancel, amend, batch.

Spec: ORDER-001 … ORDER-020. Margin is judged on the outcome: the whole command is worked off and
rolled back if the account cannot carry what came of it.
"""

from __future__ import annotations

from typing import Final

from plimsoll.core import book, margin, oracle, routing
from plimsoll.core.context import Txn
from plimsoll.core.handlers import access
from plimsoll.core.rows import Account, Market, Order, Position
from plimsoll.messages.codes import (
    ACTIVE,
    ALREADY_EXPIRED,
    AMEND_BELOW_FILLED,
    AMEND_NOTHING,
    BUY,
    CLIENT_ORDER_ID_IN_USE,
    DONE_AMENDED,
    DONE_CANCELLED,
    DONE_FILLED,
    DONE_IOC,
    DONE_NO_LIQUIDITY,
    DONE_WORK_LIMIT,
    FOK,
    FOK_NOT_FILLABLE,
    GTC,
    HALTED,
    INSUFFICIENT_MARGIN,
    LIMIT,
    MARKET,
    MARKET_MODE,
    NOTIONAL_TOO_SMALL,
    OPEN_INTEREST,
    OPEN_ORDERS_LIMIT,
    ORDER_COMBINATION,
    POST_NONE,
    POST_ONLY_CROSSES,
    POST_REJECT,
    PRICE_BAND,
    PRICE_NOT_ON_TICK,
    REDUCE_ONLY_NOTHING,
    SIZE_NOT_ON_STEP,
    UNKNOWN_ORDER,
    Reject,
)
from plimsoll.messages.commands import AmendOrder, CancelAll, CancelOrder, PlaceOrder
from plimsoll.messages.events import OrderAccepted, OrderRemoved
from plimsoll.units import notional_floor

RULE_MARKET_NEEDS_IOC: Final = 1
RULE_LIMIT_NEEDS_PRICE: Final = 2
RULE_POST_NEEDS_RESTING_LIMIT: Final = 3
RULE_EXPIRY_NEEDS_GTC: Final = 4


def place_order(txn: Txn, cmd: PlaceOrder) -> None:
    """Place an order. Rejects: see ORDER-002 for the codes in order of precedence."""
    account = access.own_trader(txn, cmd.account)
    market = txn.state.market(cmd.market)
    check_combination(txn, cmd)
    check_grid(txn, market, cmd)
    if cmd.tif == GTC:
        check_may_rest(txn, account)
    if cmd.client_order_id != "" and cmd.client_order_id in account.client_orders:
        raise Reject(CLIENT_ORDER_ID_IN_USE, account.client_orders[cmd.client_order_id].ident)
    row = txn.state.position(account, cmd.market)
    check_mode_and_oracle(txn, row, market, cmd.side, cmd.size, cmd.reduce_only)
    price = limit_of(txn, market, cmd)
    # After this point only what comes of the order may refuse it.
    ident = txn.state.globals.take_order()
    if txn.recording:
        txn.emit(
            OrderAccepted(
                ident,
                cmd.account,
                cmd.market,
                cmd.side,
                cmd.kind,
                cmd.tif,
                price if cmd.kind == LIMIT else cmd.price,
                cmd.size,
                cmd.reduce_only,
                cmd.expires_ms,
                cmd.client_order_id,
            )
        )
    draft = Order(
        txn.state.log,
        ident,
        account,
        row,
        cmd.side,
        price,
        cmd.size,
        0,
        cmd.reduce_only,
        cmd.expires_ms,
        cmd.client_order_id,
        txn.now,
    )
    execute(txn, market, draft, cmd.kind, cmd.tif, cmd.post)


def execute(txn: Txn, market: Market, draft: Order, kind: int, tif: int, post: int) -> None:
    """Work an accepted order off, rest or drop what is left, and judge the outcome.

    ``draft`` takes first (its price is the worst it accepts); what is left of it rests.
    """
    account = draft.account
    interest = market.open_interest
    risky = adds_risk(draft.position, draft.side, draft.remaining, draft.reduce_only)
    complete = True
    if post == POST_NONE:
        asked = draft.remaining
        complete = routing.work(txn, market, draft)
        if tif == FOK and draft.remaining > 0:
            raise Reject(FOK_NOT_FILLABLE, asked - draft.remaining, asked)
    if draft.remaining == 0:
        drop(txn, draft, DONE_FILLED)
    elif not complete:
        # Resting it would cross what it has not met yet.
        drop(txn, draft, DONE_WORK_LIMIT)
    elif tif == GTC:
        settle_to_book(txn, draft)
    elif kind == MARKET and draft.filled == 0:
        drop(txn, draft, DONE_NO_LIQUIDITY)
    else:
        drop(txn, draft, DONE_IOC)
    if risky:
        spare = margin.free(txn.state, account)
        if spare < 0:
            have = margin.equity(txn.state, account)
            raise Reject(INSUFFICIENT_MARGIN, have, have - spare)
        most = market.params.open_interest_max
        if market.open_interest > most and market.open_interest > interest:
            raise Reject(OPEN_INTEREST, market.open_interest, most)


def settle_to_book(txn: Txn, draft: Order) -> None:
    """Rest an order; a reduce-only one must survive the trimming of all of them."""
    draft.arrive(txn.state.globals.take_sequence())
    book.rest(txn, draft)
    if draft.reduce_only:
        txn.to_trim.append(draft.position)
        book.trim_reduce_only(txn)
        if not draft.resting and draft.filled == 0:
            raise Reject(REDUCE_ONLY_NOTHING, draft.position.base, draft.size)


def drop(txn: Txn, draft: Order, reason: int) -> None:
    """Report that an order which does not rest is done."""
    txn.emit(
        OrderRemoved(
            draft.ident,
            draft.account.ident,
            draft.market,
            draft.side,
            draft.price,
            draft.remaining,
            reason,
            False,
        )
    )


def adds_risk(row: Position, side: int, size: int, reduce_only: bool) -> bool:
    """Whether an order could open anything, counting what rests on its side already."""
    if reduce_only:
        return False
    resting = row.bid_size if side == BUY else row.ask_size
    return size + resting > row.closable(side)


def check_combination(txn: Txn, cmd: PlaceOrder) -> None:
    """Refuse fields that contradict each other."""
    if cmd.kind == MARKET and cmd.tif == GTC:
        raise Reject(ORDER_COMBINATION, RULE_MARKET_NEEDS_IOC)
    if cmd.kind == LIMIT and cmd.price == 0:
        raise Reject(ORDER_COMBINATION, RULE_LIMIT_NEEDS_PRICE)
    if cmd.post != POST_NONE and (cmd.kind != LIMIT or cmd.tif != GTC):
        raise Reject(ORDER_COMBINATION, RULE_POST_NEEDS_RESTING_LIMIT)
    if cmd.expires_ms != 0:
        if cmd.tif != GTC:
            raise Reject(ORDER_COMBINATION, RULE_EXPIRY_NEEDS_GTC)
        if cmd.expires_ms <= txn.now:
            raise Reject(ALREADY_EXPIRED, cmd.expires_ms, txn.now)


def check_grid(txn: Txn, market: Market, cmd: PlaceOrder) -> None:
    """Tick, step and smallest notional (a reduce-only order may be smaller)."""
    params = market.params
    if cmd.price % params.tick != 0:
        raise Reject(PRICE_NOT_ON_TICK, cmd.price, params.tick)
    if cmd.size % params.step != 0:
        raise Reject(SIZE_NOT_ON_STEP, cmd.size, params.step)
    if not cmd.reduce_only:
        price = cmd.price if cmd.price > 0 else txn.state.oracles[market.ident].price
        check_notional(market, price, cmd.size)


def check_notional(market: Market, price: int, size: int) -> None:
    """Refuse what is worth less than the market's minimum."""
    worth = notional_floor(price, size)
    if worth < market.params.min_notional:
        raise Reject(NOTIONAL_TOO_SMALL, worth, market.params.min_notional)


def check_may_rest(txn: Txn, account: Account) -> None:
    """One counter of open orders over all markets."""
    most = txn.state.globals.params.open_orders_max
    if len(account.orders) >= most:
        raise Reject(OPEN_ORDERS_LIMIT, len(account.orders), most)


def check_mode_and_oracle(
    txn: Txn, row: Position, market: Market, side: int, size: int, reduce_only: bool
) -> None:
    """A tighter mode and an invalid oracle refuse what adds risk, and only that."""
    if market.mode == HALTED:
        raise Reject(MARKET_MODE, market.mode, HALTED)
    risky = adds_risk(row, side, size, reduce_only)
    if market.mode != ACTIVE and risky:
        raise Reject(MARKET_MODE, market.mode, ACTIVE)
    if reduce_only and row.closable(side) == 0:
        raise Reject(REDUCE_ONLY_NOTHING, row.base, size)
    if risky or txn.state.oracles[market.ident].price == 0:
        oracle.check_valid(txn.state, market, txn.now)


def limit_of(txn: Txn, market: Market, cmd: PlaceOrder) -> int:
    """The worst price the order accepts; a post-only one moved or refused if it would take."""
    state = txn.state
    if cmd.kind == MARKET:
        return routing.worst_market_price(state, market, cmd.side, cmd.price)
    price = cmd.price
    check_band(txn, market, price)
    if cmd.post != POST_NONE:
        valid = oracle.is_valid(state, market, txn.now)
        best = routing.best_opposite(state, market, cmd.side, valid)
        if best != 0 and book.crosses(cmd.side, price, best):
            if cmd.post == POST_REJECT:
                raise Reject(POST_ONLY_CROSSES, price, best)
            price = book.slide(cmd.side, price, best, market.params.tick)
            if price < 1:
                raise Reject(POST_ONLY_CROSSES, cmd.price, best)
            check_band(txn, market, price)
    return price


def check_band(txn: Txn, market: Market, price: int) -> None:
    """Refuse a limit outside the band around the oracle."""
    edges = txn.state.oracles[market.ident]
    if price < edges.low:
        raise Reject(PRICE_BAND, price, edges.low)
    if price > edges.high:
        raise Reject(PRICE_BAND, price, edges.high)


def find_order(txn: Txn, account: Account, ident: int, client_order_id: str) -> Order:
    """An open order of the account by id, or by client id when the id is 0."""
    if ident == 0:
        if client_order_id != "" and client_order_id in account.client_orders:
            return account.client_orders[client_order_id]
        raise Reject(UNKNOWN_ORDER, 0)
    order = txn.state.orders.get(ident)
    if order is None or order.account is not account:
        raise Reject(UNKNOWN_ORDER, ident)
    return order


def cancel_order(txn: Txn, cmd: CancelOrder) -> None:
    """Cancel one open order. Rejects: UNKNOWN_ACCOUNT, NOT_OWNER, UNKNOWN_ORDER."""
    account = access.own_or_operator(txn, cmd.account)
    book.remove(txn, find_order(txn, account, cmd.order, cmd.client_order_id), DONE_CANCELLED)


def cancel_all(txn: Txn, cmd: CancelAll) -> None:
    """Cancel every open order of an account, in one market or in all; none is fine."""
    account = access.own_or_operator(txn, cmd.account)
    if cmd.market >= 0:
        txn.state.market(cmd.market)
    at = 0
    while at < len(account.orders):
        order = account.orders[at]
        if cmd.market >= 0 and order.market != cmd.market:
            at += 1
            continue
        book.remove(txn, order, DONE_CANCELLED)


def amend_order(txn: Txn, cmd: AmendOrder) -> None:
    """Change limit and/or total size. Smaller at the same price keeps its priority; anything
    else is placed anew under the same id and may take.

    Rejects: UNKNOWN_ORDER, ALREADY_EXPIRED, AMEND_NOTHING, AMEND_BELOW_FILLED, and those of
    placing.
    """
    account = access.own_trader(txn, cmd.account)
    order = find_order(txn, account, cmd.order, "")
    market = txn.state.market(order.market)
    params = market.params
    if 0 < order.expires_ms < txn.now:
        raise Reject(ALREADY_EXPIRED, order.expires_ms, txn.now)
    if cmd.price == order.price and cmd.size == order.size:
        raise Reject(AMEND_NOTHING, cmd.price, cmd.size)
    if cmd.price % params.tick != 0:
        raise Reject(PRICE_NOT_ON_TICK, cmd.price, params.tick)
    if cmd.size % params.step != 0:
        raise Reject(SIZE_NOT_ON_STEP, cmd.size, params.step)
    if cmd.size <= order.filled:
        raise Reject(AMEND_BELOW_FILLED, cmd.size, order.filled)
    left = cmd.size - order.filled
    if not order.reduce_only:
        check_notional(market, cmd.price, left)
    if cmd.price == order.price and cmd.size < order.size:
        removed = order.remaining - left
        book.shrink(txn, order, removed, notional_floor(order.price, removed))
        return
    replace_order(txn, market, order, cmd.price, cmd.size)


def replace_order(txn: Txn, market: Market, order: Order, price: int, size: int) -> None:
    """Take an order out and place it anew under the same id, as a new arrival."""
    left = size - order.filled
    book.remove(txn, order, DONE_AMENDED)
    check_may_rest(txn, order.account)
    check_mode_and_oracle(txn, order.position, market, order.side, left, order.reduce_only)
    check_band(txn, market, price)
    draft = Order(
        txn.state.log,
        order.ident,
        order.account,
        order.position,
        order.side,
        price,
        size,
        order.filled,
        order.reduce_only,
        order.expires_ms,
        order.client_order_id,
        txn.now,
    )
    execute(txn, market, draft, LIMIT, GTC, POST_NONE)

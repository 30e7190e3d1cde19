"""What an account has standing, wherever it waits: in the book, in an auction, for a trigger.

Spec: ORDER-018, AUCTION-018, TRIGGER-006.
"""

from __future__ import annotations

from plimsoll.core import auctions, book
from plimsoll.core.context import Txn
from plimsoll.core.rows import Account, Market, Order, Trigger
from plimsoll.messages.codes import OF_LIQUIDATION, UNKNOWN_ORDER, Reject


def find(txn: Txn, account: Account, ident: int, client_order_id: str) -> Order:
    """What stands under an id of the account, or under a client id when the id is 0.

    A liquidation's order is nobody's to name. Rejects: UNKNOWN_ORDER.
    """
    state = txn.state
    board = state.board
    if ident == 0:
        if client_order_id == "" or client_order_id not in account.client_orders:
            raise Reject(UNKNOWN_ORDER, 0)
        return account.client_orders[client_order_id]
    order = state.orders.get(ident)
    if order is None:
        auction = board.auctions.get(ident)
        trigger = board.triggers.get(ident)
        if auction is not None and auction.cause != OF_LIQUIDATION:
            order = auction.order
        elif trigger is not None:
            order = trigger.order
    if order is None or order.account is not account:
        raise Reject(UNKNOWN_ORDER, ident)
    return order


def cancel(txn: Txn, order: Order, reason: int) -> None:
    """Take an order out of wherever it waits; what was filled stands."""
    board = txn.state.board
    if order.resting:
        book.remove(txn, order, reason)
        return
    auction = board.auctions.get(order.ident)
    if auction is not None:
        auctions.end(txn, txn.state.markets[order.market], auction, reason)
        return
    disarm(txn, board.triggers[order.ident], reason)


def disarm(txn: Txn, trigger: Trigger, reason: int) -> None:
    """Take a trigger down and report its order done."""
    txn.state.board.disarm(trigger)
    book.report_done(txn, trigger.order, reason)


def cancel_all(txn: Txn, account: Account, market: int, reason: int) -> None:
    """Take out everything of an account, in one market or (-1) in all, but liquidations."""
    at = 0
    while at < len(account.orders):
        order = account.orders[at]
        if market >= 0 and order.market != market:
            at += 1
            continue
        book.remove(txn, order, reason)
    if account.auctions > account.liquidations:
        for row in txn.state.markets:
            if market < 0 or row.ident == market:
                cancel_auctions(txn, account, row, reason)
    if account.triggers > 0:
        for trigger in triggers_of(txn, account, market):
            disarm(txn, trigger, reason)


def cancel_auctions(txn: Txn, account: Account, market: Market, reason: int) -> None:
    """End an account's auctions of orders in one market."""
    live = txn.state.board.live[market.ident]
    at = 0
    while at < len(live):
        auction = live[at]
        if auction.order.account is account and auction.cause != OF_LIQUIDATION:
            auctions.end(txn, market, auction, reason)
        else:
            at += 1


def triggers_of(txn: Txn, account: Account, market: int) -> list[Trigger]:
    """An account's triggers in one market or (-1) in all, by id."""
    waiting = txn.state.board.triggers
    found: list[Trigger] = []
    seen = 0
    for ident in sorted(waiting):
        trigger = waiting[ident]
        if trigger.order.account is not account:
            continue
        if market < 0 or trigger.market == market:
            found.append(trigger)
        seen += 1
        if seen == account.triggers:
            break
    return found

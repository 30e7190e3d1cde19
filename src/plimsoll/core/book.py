"""The limit order book: who is next, what may rest where, and taking orders out.

Priority: price, then age, then larger size, then arrival. Post-only never takes. Orders live in
``state``; here are the rules.

Spec: BOOK-001 … BOOK-012.
"""

from __future__ import annotations

from plimsoll.core import escrow
from plimsoll.core.context import Txn
from plimsoll.core.ladder import Book
from plimsoll.core.rows import Account, Order
from plimsoll.messages.codes import BUY, DONE_EXPIRED, DONE_REDUCE_ONLY, SELL, TRADER
from plimsoll.messages.events import OrderReduced, OrderRemoved, OrderRested


def crosses(side: int, limit: int, price: int) -> bool:
    """Whether a taker of ``side`` with this limit accepts ``price``."""
    return price <= limit if side == BUY else price >= limit


def same_hands(one: Account, other: Account) -> bool:
    """Whether two accounts would trade with themselves: traders of one owner. The house's accounts
    (vaults, vAMMs) belong to the operator, but what they hold is their depositors'. BOOK-005."""
    return one.kind == TRADER and other.kind == TRADER and one.owner == other.owner


def next_maker(sides: Book, side: int, limit: int) -> Order | None:
    """The resting order a taker of ``side`` meets next, if its price is within the limit."""
    level = sides.opposite(side).best()
    if level is None or not crosses(side, limit, level.price):
        return None
    return level.head


def rest(txn: Txn, order: Order) -> None:
    """Let what is left of an order rest."""
    txn.state.rest(order)
    txn.emit(
        OrderRested(
            order.ident,
            order.account.ident,
            order.market,
            order.side,
            order.price,
            order.remaining,
        )
    )


def remove(txn: Txn, order: Order, reason: int) -> None:
    """Take an order out of the book and say why; an extra fee nobody earned goes back."""
    txn.state.unrest(order)
    if order.keeper_fee > 0:
        escrow.refund(txn, order)
    txn.emit(
        OrderRemoved(
            order.ident,
            order.account.ident,
            order.market,
            order.side,
            order.price,
            order.remaining,
            reason,
            True,
        )
    )


def report_done(txn: Txn, order: Order, reason: int) -> None:
    """Report that an order which does not rest is done."""
    txn.emit(
        OrderRemoved(
            order.ident,
            order.account.ident,
            order.market,
            order.side,
            order.price,
            order.remaining,
            reason,
            False,
        )
    )


def fill_maker(order: Order, size: int, notional: int) -> None:
    """Count a fill on a resting order; it stays linked until the caller removes it."""
    order.fill(size)
    order.position.add_open(order.side, -size, -notional, order.reduce_only)


def shrink(txn: Txn, order: Order, removed: int, notional: int) -> None:
    """Make a resting order smaller without a fill; the priority stays."""
    order.shrink(removed)
    order.position.add_open(order.side, -removed, -notional, order.reduce_only)
    txn.emit(
        OrderReduced(
            order.ident,
            order.account.ident,
            order.market,
            order.side,
            order.price,
            order.remaining,
            removed,
        )
    )


def slide(side: int, price: int, best_opposite: int, tick: int) -> int:
    """Price of a post-only order that would cross, moved one tick behind the opposite price."""
    if best_opposite == 0 or not crosses(side, price, best_opposite):
        return price
    return best_opposite - tick if side == BUY else best_opposite + tick


def expire_due(txn: Txn, limit: int) -> int:
    """Remove expired orders, soonest first, at most ``limit``; returns how many."""
    state = txn.state
    done = 0
    while done < limit and state.expiries.size() > 0 and state.expiries.first_key() < txn.now:
        remove(txn, state.orders[state.expiries.first_id()], DONE_EXPIRED)
        done += 1
    return done


def reduce_only_orders(txn: Txn, account: int, market: int) -> list[Order]:
    """An account's reduce-only orders of a market, best price first, then priority."""
    found: list[Order] = []
    for order in txn.state.accounts[account].orders:
        if order.market == market and order.reduce_only:
            at = len(found)
            while at > 0 and before(order, found[at - 1]):
                at -= 1
            found.insert(at, order)
    return found


def before(one: Order, other: Order) -> bool:
    """Whether an order of the same owner and market has the better price or priority."""
    if one.side != other.side:
        return one.side < other.side
    if one.price != other.price:
        return one.price > other.price if one.side == BUY else one.price < other.price
    if one.age != other.age:
        return one.age < other.age
    if one.priority_size != other.priority_size:
        return one.priority_size > other.priority_size
    return one.sequence < other.sequence


def trim_reduce_only(txn: Txn) -> None:
    """Cut reduce-only orders down to what they can still close, best priority kept longest."""
    positions = txn.to_trim
    while len(positions) > 0:
        row = positions.pop()
        held_long = row.closable(SELL)
        held_short = row.closable(BUY)
        if row.ro_bid <= held_short and row.ro_ask <= held_long:
            continue
        for order in reduce_only_orders(txn, row.account, row.market):
            left = held_short if order.side == BUY else held_long
            if order.remaining > left > 0:
                removed = order.remaining - left
                shrink(txn, order, removed, 0)
            elif left == 0:
                remove(txn, order, DONE_REDUCE_ONLY)
                continue
            if order.side == BUY:
                held_short -= order.remaining
            else:
                held_long -= order.remaining

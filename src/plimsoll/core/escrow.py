"""What keepers are paid beside their part of the fees: the extra fee of an order, the flat fee.

An order's ``keeper_fee`` is held by the market's escrow account from when something of it waits
(in the book, or in an auction) to the first fill after that, which pays the keeper who made it; a
fill that no keeper made, and any end without a fill, give it back. What escrow holds is the sum
of the orders' ``keeper_fee``. Money 1e-6 quote.

Spec: docs/spec/20-keepers.md, KEEPER-001 … KEEPER-005.
"""

from __future__ import annotations

from plimsoll.core import ledger, margin
from plimsoll.core.context import Txn
from plimsoll.core.rows import Account, Market, Order
from plimsoll.messages.codes import (
    INSUFFICIENT_MARGIN,
    KEEPER_FEE_TOO_LARGE,
    R_EXTRA_ESCROW,
    R_EXTRA_REFUND,
    R_KEEPER_EXTRA,
    R_KEEPER_FLAT,
    Reject,
)


def check(market: Market, amount: int) -> None:
    """Refuse an extra fee above what the market allows: ``KEEPER_FEE_TOO_LARGE``."""
    most = market.params.keeper_fee_max
    if amount > most:
        raise Reject(KEEPER_FEE_TOO_LARGE, amount, most)


def hold(txn: Txn, market: Market, order: Order, amount: int) -> None:
    """Hold an order's extra fee back; the account must have ``free >= 0`` after it.

    Rejects: INSUFFICIENT_MARGIN.
    """
    if amount == 0:
        return
    account = order.account
    ledger.pay(txn, account, market.escrow, amount, R_EXTRA_ESCROW, market.ident)
    order.set_keeper_fee(amount)
    spare = margin.free(txn.state, account)
    if spare < 0:
        have = margin.equity(txn.state, account)
        raise Reject(INSUFFICIENT_MARGIN, have, have - spare)


def after_fill(txn: Txn, order: Order) -> None:
    """The order traded: its extra fee goes to the keeper who made the fill, else back."""
    keeper = txn.keeper
    if order.keeper_fee == 0:
        return
    if keeper is None:
        refund(txn, order)
        return
    amount = order.keeper_fee
    order.set_keeper_fee(0)
    escrow = txn.state.markets[order.market].escrow
    ledger.pay(txn, escrow, keeper, amount, R_KEEPER_EXTRA, order.market)


def refund(txn: Txn, order: Order) -> None:
    """Give back what is still held for an order; nothing if nothing is."""
    amount = order.keeper_fee
    if amount == 0:
        return
    order.set_keeper_fee(0)
    escrow = txn.state.markets[order.market].escrow
    ledger.pay(txn, escrow, order.account, amount, R_EXTRA_REFUND, order.market)


def pay_flat(txn: Txn, market: Market, payer: Account) -> None:
    """Pay the keeper of the command the flat fee, at most what ``payer`` can spare; 0 if nobody is
    to be paid. KEEPER-005.

    The account whose order was looked after pays: paid by anybody else, orders that cost nothing
    could be made for the fee alone.
    """
    keeper = txn.keeper
    if keeper is None:
        return
    spare = margin.free(txn.state, payer)
    amount = min(market.params.keeper_flat_fee, max(0, spare))
    ledger.pay(txn, payer, keeper, amount, R_KEEPER_FLAT, market.ident)

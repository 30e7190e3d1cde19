"""A part of a signed order: that its owner allowed it, and the money that moves with it.

Spec: docs/spec/25-gateway.md, GATE-007, GATE-008, GATE-011 … GATE-014.
"""

from __future__ import annotations

from typing import final

from plimsoll.core import ledger, margin, oracle, signed_orders
from plimsoll.core.context import Txn
from plimsoll.core.handlers import access, funds
from plimsoll.core.rows import Account, Market, Position, Signed
from plimsoll.core.state import USD
from plimsoll.messages.codes import (
    ACCOUNT_KIND,
    ALREADY_EXPIRED,
    KEEPER_ACCOUNT,
    R_RELAY_FEE,
    R_SIGNED_MARGIN,
    R_SIGNED_RELEASE,
    REDUCE_ONLY_NOTHING,
    RELAY_FEE_TOO_LARGE,
    SIGNED_CANCELLED,
    SIGNED_FUND,
    SIGNED_TERMS,
    SIGNED_VALIDITY,
    TRADER,
    UNKNOWN_SIGNER,
    Reject,
)
from plimsoll.messages.events import SignedSettled
from plimsoll.messages.gateway import SignedOrder


@final
class Part:
    """A part of a signed order in the making: what was verified, and what it moves."""

    def __init__(
        self, order: SignedOrder, size: int, account: Account, fund: Account | None
    ) -> None:
        self.order: SignedOrder = order
        self.size: int = size
        self.account: Account = account
        self.fund: Account | None = fund
        self.known: Signed | None = None
        self.ident: int = 0  # the order it trades as
        self.margin: int = 0
        self.equity: int = 0  # with ``cost``: the margin ratio a reduction is to keep
        self.cost: int = 0

    def is_first(self) -> bool:
        """Whether nothing of the order was filled before."""
        known = self.known
        return known is None or known.filled == 0


# Verification -------------------------------------------------------------------------------------


def verify(txn: Txn, order: SignedOrder, size: int) -> Part:
    """A part of a signed order that its owner allowed, and that nobody has taken yet. GATE-007.

    Rejects, in this order: UNKNOWN_ACCOUNT, ACCOUNT_KIND, ALREADY_EXPIRED, SIGNED_VALIDITY,
    UNKNOWN_SIGNER, SIGNED_TERMS, SIGNED_CANCELLED, SIGNED_DONE, SIGNED_FOK, SIGNED_OVERFILL,
    SIGNED_MIN_FILL, RELAY_FEE_TOO_LARGE, SIGNED_FUND.
    """
    state = txn.state
    limits = state.globals.params
    account = trader(txn, order.account)
    check_time(txn, order, limits.signed_validity_max_ms)
    signers = state.gateway.signers_of(account.ident)
    if order.signer not in signers:
        raise Reject(UNKNOWN_SIGNER, len(signers))
    known = known_of(txn, order)
    filled = 0
    if known is not None:
        filled = known.filled
        if known.cancelled:
            raise Reject(SIGNED_CANCELLED, filled, order.size)
    signed_orders.check_part(order, filled, size)
    if filled == 0 and order.relay_fee > limits.relay_fee_max:
        raise Reject(RELAY_FEE_TOO_LARGE, order.relay_fee, limits.relay_fee_max)
    part = Part(order, size, account, fund_of(txn, order, account))
    part.known = known
    return part


def trader(txn: Txn, ident: int) -> Account:
    """An account that trades, whoever's. Rejects: UNKNOWN_ACCOUNT, ACCOUNT_KIND."""
    account = txn.state.account(ident)
    if account.kind != TRADER:
        raise Reject(ACCOUNT_KIND, account.kind, TRADER)
    return account


def check_time(txn: Txn, order: SignedOrder, most_ms: int) -> None:
    """Refuse an order past its expiry, and one good for longer than ``most_ms`` from now.

    Rejects: ALREADY_EXPIRED, SIGNED_VALIDITY.
    """
    if order.expires_ms < txn.now:
        raise Reject(ALREADY_EXPIRED, order.expires_ms, txn.now)
    latest = txn.now + most_ms
    if order.expires_ms > latest:
        raise Reject(SIGNED_VALIDITY, order.expires_ms, latest)


def known_of(txn: Txn, order: SignedOrder) -> Signed | None:
    """What is known under the order's hash; it must have been told of this very order.

    Rejects: SIGNED_TERMS.
    """
    known = txn.state.gateway.signed.get(order.order_hash)
    if known is None:
        return None
    if (
        known.account != order.account
        or known.size != order.size
        or known.expires_ms != order.expires_ms
    ):
        raise Reject(SIGNED_TERMS, order.account, known.account)
    return known


def fund_of(txn: Txn, order: SignedOrder, account: Account) -> Account | None:
    """Where margin comes from and goes back to: another account of the owner's for which the key
    may sign too, or none. A key of one account alone reaches no other.

    Rejects: SIGNED_FUND, UNKNOWN_SIGNER.
    """
    accounts = txn.state.accounts
    if order.fund < 0:
        if order.margin > 0:
            raise Reject(SIGNED_FUND, order.fund, -1)
        return None
    if order.fund >= len(accounts):
        raise Reject(SIGNED_FUND, order.fund, -1)
    fund = accounts[order.fund]
    if fund is account or fund.owner != account.owner or fund.kind != TRADER:
        raise Reject(SIGNED_FUND, order.fund, fund.owner)
    signers = txn.state.gateway.signers_of(fund.ident)
    if order.signer not in signers:
        raise Reject(UNKNOWN_SIGNER, len(signers))
    return fund


def relayer_of(txn: Txn, ident: int) -> Account:
    """Who gets relay fees: an account of the sender's, or (-1) the keepers' pot.

    Rejects: UNKNOWN_ACCOUNT, NOT_OWNER, ACCOUNT_KIND.
    """
    return txn.state.accounts[KEEPER_ACCOUNT] if ident < 0 else access.own_trader(txn, ident)


def check_closes(part: Part, row: Position) -> None:
    """Refuse a part of a reduce-only order that is more than there is to close.

    Rejects: REDUCE_ONLY_NOTHING.
    """
    order = part.order
    if order.reduce_only and part.size > row.closable(order.side):
        raise Reject(REDUCE_ONLY_NOTHING, row.base, part.size)


# Money --------------------------------------------------------------------------------------------


def begin(txn: Txn, market: Market, part: Part) -> None:
    """Move the margin an order brings, once, and note the ratio a reduction is to keep. GATE-011,
    GATE-013.

    Rejects: those of ``funds.check_may_leave`` for the fund.
    """
    order = part.order
    account = part.account
    fund = part.fund
    if fund is None:
        return
    if order.margin > 0 and part.is_first():
        funds.check_may_leave(txn, fund, USD, order.margin)
        ledger.pay(txn, fund, account, order.margin, R_SIGNED_MARGIN, market.ident)
        part.margin = order.margin
    if order.reduce_only:
        part.equity = margin.equity(txn.state, account)
        part.cost = signed_orders.opened(account)


def finish(txn: Txn, market: Market, part: Part, relayer: Account) -> None:
    """Give back what a reduction freed, pay the relay fee, once, and remember what was filled.
    GATE-012 … GATE-014.

    Rejects: those of ``funds.check_may_leave`` for who pays the fee.
    """
    order = part.order
    account = part.account
    fund = part.fund
    released = 0
    payer = account
    if fund is not None:
        payer = fund
        if order.reduce_only:
            spare = may_leave(txn, account)
            released = signed_orders.freed(txn.state, account, part.equity, part.cost, spare)
            ledger.pay(txn, account, fund, released, R_SIGNED_RELEASE, market.ident)
    fee = order.relay_fee if part.is_first() else 0
    if fee > 0:
        funds.check_may_leave(txn, payer, USD, fee)
        ledger.pay(txn, payer, relayer, fee, R_RELAY_FEE, market.ident)
    row = learnt(txn, order, part.known, part.ident)
    row.fill(part.size)
    txn.emit(
        SignedSettled(
            order.order_hash,
            account.ident,
            market.ident,
            part.ident,
            part.size,
            row.filled,
            relayer.ident,
            fee,
            part.margin,
            released,
            order.client_order_id,
        )
    )


def may_leave(txn: Txn, account: Account) -> int:
    """What may leave an account now: nothing while it is liquidated, or on the strength of a stale
    price. As ``funds.check_may_leave``, but that it tells the amount and refuses nothing."""
    if account.liquidations > 0:
        return 0
    state = txn.state
    for row in account.positions:
        if (row.base != 0 or row.has_orders()) and not oracle.is_valid(
            state, state.markets[row.market], txn.now
        ):
            return 0
    return margin.withdrawable(state, account)


def learnt(txn: Txn, order: SignedOrder, known: Signed | None, ident: int) -> Signed:
    """The row of a signed order, made under ``ident`` if nothing is known of it yet."""
    if known is not None:
        return known
    row = Signed(
        txn.state.log, ident, order.order_hash, order.account, order.size, order.expires_ms
    )
    txn.state.gateway.learn(row)
    return row

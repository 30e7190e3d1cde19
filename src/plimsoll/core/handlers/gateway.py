"""Orders signed by their owners and settled by relayers.

That hash, signer and signature of an order fit its fields is checked before a command is accepted
for execution; everything else is checked here. One command uses one oracle price.

Spec: docs/spec/25-gateway.md, GATE-001 … GATE-016.
"""

from __future__ import annotations

from plimsoll.core import book, margin, settlement, signed_orders
from plimsoll.core.context import Txn
from plimsoll.core.handlers import access, checks, signed_parts, trading
from plimsoll.core.handlers.signed_parts import Part
from plimsoll.core.rows import Market, Order
from plimsoll.messages.codes import (
    DONE_FILLED,
    FOK,
    FROM_SIGNED,
    GTC,
    LIMIT,
    POST_NONE,
    SIGNED_CANCELLED,
    SIGNED_DONE,
    SIGNED_MARKETS,
    SIGNED_PRICE,
    SIGNED_SELF,
    SIGNED_SIDES,
    SIGNERS_FULL,
    Reject,
)
from plimsoll.messages.commands import PlaceOrder
from plimsoll.messages.events import OrderAccepted, SignedCancelled, SignedLapsed, SignerSet
from plimsoll.messages.gateway import CancelSigned, MatchSigned, SetSigner, SettleSigned
from plimsoll.messages.params import VALIDITY_MOST_MS
from plimsoll.units import notional_floor

# Keys ---------------------------------------------------------------------------------------------


def set_signer(txn: Txn, cmd: SetSigner) -> None:
    """Let a key sign orders of an account, or no longer, which ends all orders it signed. Saying
    again what holds already changes nothing. GATE-001, GATE-002.

    Rejects: UNKNOWN_ACCOUNT, NOT_OWNER, ACCOUNT_KIND, BAD_FIELD, SIGNERS_FULL.
    """
    account = access.own_trader(txn, cmd.account)
    signed_orders.check_signer(cmd.signer)
    board = txn.state.gateway
    signers = board.signers_of(account.ident)
    if cmd.allowed and cmd.signer not in signers:
        if len(signers) >= signed_orders.SIGNERS_MOST:
            raise Reject(SIGNERS_FULL, len(signers), signed_orders.SIGNERS_MOST)
        board.set_signers(account.ident, sorted([*signers, cmd.signer]))
    elif not cmd.allowed and cmd.signer in signers:
        board.set_signers(account.ident, [key for key in signers if key != cmd.signer])
    txn.emit(SignerSet(account.ident, cmd.signer, cmd.allowed))


# Settling -----------------------------------------------------------------------------------------


def settle(txn: Txn, cmd: SettleSigned) -> None:
    """Fill exactly a part of a signed order where the exchange has liquidity. GATE-009.

    Rejects, in this order: those of the relayer's account, those of ``signed_parts.verify``,
    UNKNOWN_MARKET, REDUCE_ONLY_NOTHING, those of ``signed_parts.begin``, those of placing a
    fill-or-kill limit order (ORDER-002), those of ``signed_parts.finish``.
    """
    state = txn.state
    relayer = signed_parts.relayer_of(txn, cmd.relayer)
    order = cmd.order
    part = signed_parts.verify(txn, order, cmd.size)
    market = state.market(order.market)
    signed_parts.check_closes(part, state.position(part.account, market.ident))
    signed_parts.begin(txn, market, part)
    part.ident = state.globals.take_order()
    placing = PlaceOrder(
        order.account,
        order.market,
        order.side,
        LIMIT,
        FOK,
        order.price,
        cmd.size,
        POST_NONE,
        order.reduce_only,
        0,
        "",
        0,
        order.maker,
    )
    trading.place_under(txn, part.account, placing, part.ident)
    signed_parts.finish(txn, market, part, relayer)


def match(txn: Txn, cmd: MatchSigned) -> None:
    """Settle two signed orders against each other at the maker's price. GATE-010.

    Rejects, in this order: those of the relayer's account, those of ``signed_parts.verify`` for the
    taker's, then for the maker's order, those of ``check_pair``, those of ``signed_parts.begin``
    for either, INSUFFICIENT_MARGIN and OPEN_INTEREST for either, those of ``signed_parts.finish``
    for either.
    """
    state = txn.state
    relayer = signed_parts.relayer_of(txn, cmd.relayer)
    taker = signed_parts.verify(txn, cmd.taker, cmd.size)
    maker = signed_parts.verify(txn, cmd.maker, cmd.size)
    market = check_pair(txn, taker, maker)
    signed_parts.begin(txn, market, taker)
    signed_parts.begin(txn, market, maker)
    interest = market.open_interest
    taking = accept(txn, market, taker)
    making = accept(txn, market, maker)
    taker_risky = is_risky(taking)
    maker_risky = is_risky(making)
    taker_equity = 0 if taker_risky else margin.equity(state, taker.account)
    maker_equity = 0 if maker_risky else margin.equity(state, maker.account)
    price = cmd.maker.price
    quote = notional_floor(price, cmd.size)
    settlement.exchange(
        txn,
        market,
        taking,
        making.account,
        making.position,
        making.ident,
        price,
        cmd.size,
        quote,
        FROM_SIGNED,
    )
    for draft in (taking, making):
        draft.fill(cmd.size)
        book.report_done(txn, draft, DONE_FILLED)
    book.trim_reduce_only(txn)
    judge(txn, market, taking, interest, taker_risky, taker_equity)
    judge(txn, market, making, interest, maker_risky, maker_equity)
    signed_parts.finish(txn, market, taker, relayer)
    signed_parts.finish(txn, market, maker, relayer)


def check_pair(txn: Txn, taker: Part, maker: Part) -> Market:
    """The market of two orders that may meet, each by all rules of an order of its own.

    A match is between these two only, so the band binds its price whatever it does, and in a
    tighter mode than active neither may open. GATE-010.

    Rejects, in this order: SIGNED_MARKETS, UNKNOWN_MARKET, SIGNED_SIDES, SIGNED_SELF,
    SIGNED_PRICE; for the taker's, then for the maker's order PRICE_NOT_ON_TICK, SIZE_NOT_ON_STEP,
    NOTIONAL_TOO_SMALL; for either those of ``checks.check_mode_and_oracle``; PRICE_BAND; for
    either REDUCE_ONLY_NOTHING.
    """
    state = txn.state
    taking = taker.order
    making = maker.order
    if taking.market != making.market:
        raise Reject(SIGNED_MARKETS, taking.market, making.market)
    market = state.market(taking.market)
    if taking.side == making.side:
        raise Reject(SIGNED_SIDES, taking.side, making.side)
    if book.same_hands(taker.account, maker.account):
        raise Reject(SIGNED_SELF, making.account, maker.account.owner)
    if not book.crosses(taking.side, taking.price, making.price):
        raise Reject(SIGNED_PRICE, making.price, taking.price)
    for part in (taker, maker):
        checks.check_grid(market.params, part.order.price, part.size)
        if not part.order.reduce_only:
            checks.check_notional(market, making.price, part.size)
    for part in (taker, maker):
        order = part.order
        row = state.position(part.account, market.ident)
        checks.check_mode_and_oracle(
            txn, part.account, row, market, order.side, part.size, order.reduce_only, GTC
        )
    checks.check_band(txn, market, making.price)
    for part in (taker, maker):
        signed_parts.check_closes(part, state.position(part.account, market.ident))
    return market


def accept(txn: Txn, market: Market, part: Part) -> Order:
    """The order that a part trades as, accepted."""
    state = txn.state
    order = part.order
    part.ident = state.globals.take_order()
    reduces = order.reduce_only
    txn.emit(
        OrderAccepted(
            part.ident,
            order.account,
            order.market,
            order.side,
            LIMIT,
            FOK,
            order.price,
            part.size,
            reduces,
            0,
            "",
        )
    )
    row = state.position(part.account, market.ident)
    return Order(
        state.log,
        part.ident,
        part.account,
        row,
        order.side,
        order.price,
        part.size,
        0,
        reduces,
        0,
        "",
        txn.now,
    )


def is_risky(draft: Order) -> bool:
    """Whether a part adds risk, as any order would."""
    return checks.adds_risk(draft.position, draft.side, draft.size, draft.reduce_only)


def judge(txn: Txn, market: Market, draft: Order, interest: int, risky: bool, equity: int) -> None:
    """Refuse an outcome that one of the two cannot carry; open interest and, for one that adds no
    risk, equity are those from before. Rejects: INSUFFICIENT_MARGIN, OPEN_INTEREST."""
    if risky:
        trading.check_outcome(txn, market, draft, interest, False)
    else:
        trading.check_solvent(txn, draft.account, equity)


# Cancelling and forgetting ------------------------------------------------------------------------


def cancel(txn: Txn, cmd: CancelSigned) -> None:
    """Cancel a signed order for good, whether it was ever seen or not. GATE-015.

    Rejects, in this order: UNKNOWN_ACCOUNT, NOT_OWNER, ACCOUNT_KIND, ALREADY_EXPIRED,
    SIGNED_VALIDITY (longer than any order may ever be good for), SIGNED_TERMS, SIGNED_CANCELLED,
    SIGNED_DONE.
    """
    order = cmd.order
    access.own_or_operator(txn, order.account)
    signed_parts.trader(txn, order.account)
    signed_parts.check_time(txn, order, VALIDITY_MOST_MS)
    known = signed_parts.known_of(txn, order)
    if known is not None:
        if known.cancelled:
            raise Reject(SIGNED_CANCELLED, known.filled, order.size)
        if known.filled == order.size:
            raise Reject(SIGNED_DONE, known.filled, order.size)
    ident = 0 if known is not None else txn.state.globals.take_order()
    row = signed_parts.learnt(txn, order, known, ident)
    row.cancel()
    txn.emit(SignedCancelled(order.order_hash, order.account, row.filled))


def forget_due(txn: Txn, limit: int) -> int:
    """Forget signed orders past their expiry, at most ``limit``; returns how many. GATE-016.

    From then on the expiry refuses them, as nothing else need be known of them.
    """
    board = txn.state.gateway
    done = 0
    while done < limit:
        row = board.lapsed(txn.now)
        if row is None:
            break
        board.forget(row)
        txn.emit(SignedLapsed(row.order_hash, row.account, row.filled))
        done += 1
    return done

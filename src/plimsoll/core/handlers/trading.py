"""Orders: place, cancel, amend.

Spec: ORDER-001 … ORDER-021. Margin is judged on the outcome: the whole command is worked off and
rolled back if the account cannot carry what came of it.
"""

from __future__ import annotations

from typing import Final

from plimsoll.core import auctions, book, escrow, hedged, margin, oracle, routing, standing
from plimsoll.core.context import Txn
from plimsoll.core.handlers import access, checks
from plimsoll.core.rows import Account, Market, Order
from plimsoll.messages.codes import (
    ACTIVE,
    ALREADY_EXPIRED,
    AMEND_BELOW_FILLED,
    AMEND_NOTHING,
    AUCTIONS_FULL,
    DONE_AMENDED,
    DONE_AUCTIONS_FULL,
    DONE_CANCELLED,
    DONE_FILLED,
    DONE_IOC,
    DONE_NO_LIQUIDITY,
    DONE_WORK_LIMIT,
    FOK,
    FOK_NOT_FILLABLE,
    GTC,
    INSUFFICIENT_MARGIN,
    IOC,
    LIMIT,
    MARKET,
    OF_ORDER,
    OPEN_INTEREST,
    POST_NONE,
    REDUCE_ONLY_NOTHING,
    UNKNOWN_ORDER,
    Reject,
)
from plimsoll.messages.commands import AmendOrder, CancelAll, CancelOrder, PlaceOrder
from plimsoll.messages.events import OrderAccepted
from plimsoll.units import notional_floor

IN_AUCTION: Final = 0
"""``work_market``: what is left waits in an auction, nothing is done yet."""


def place_order(txn: Txn, cmd: PlaceOrder) -> None:
    """Place an order. Rejects: see ORDER-002 for the codes in order of precedence."""
    account = access.own_trader(txn, cmd.account)
    place_under(txn, account, cmd, 0)


def place_under(txn: Txn, account: Account, cmd: PlaceOrder, ident: int) -> None:
    """Place an account's order under an id that was taken before (a trigger's), or 0: a new one."""
    state = txn.state
    market = state.market(cmd.market)
    if cmd.maker >= 0:
        checks.check_directed(state, market, cmd.maker, cmd.tif)
    checks.check_combination(txn, cmd.kind, cmd.tif, cmd.price, cmd.post, cmd.expires_ms)
    checks.check_grid(market.params, cmd.price, cmd.size)
    if not cmd.reduce_only:
        checks.check_notional(
            market, cmd.price if cmd.price > 0 else state.oracles[market.ident].price, cmd.size
        )
    if cmd.keeper_fee > 0:
        escrow.check(market, cmd.keeper_fee)
    if cmd.tif == GTC:
        checks.check_may_rest(txn, account)
    checks.check_client_id(account, cmd.client_order_id)
    row = state.position(account, cmd.market)
    checks.check_mode_and_oracle(
        txn, account, row, market, cmd.side, cmd.size, cmd.reduce_only, cmd.tif
    )
    price = checks.limit_of(txn, market, cmd.side, cmd.kind, cmd.price, cmd.post)
    # After this point only what comes of the order may refuse it.
    if ident == 0:
        ident = state.globals.take_order()
    if txn.recording:
        txn.emit(
            OrderAccepted(
                ident,
                account.ident,
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
        state.log,
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
    execute(txn, market, draft, cmd.kind, cmd.tif, cmd.post, cmd.keeper_fee, cmd.maker)


def execute(
    txn: Txn,
    market: Market,
    draft: Order,
    kind: int,
    tif: int,
    post: int,
    keeper_fee: int = 0,
    maker: int = -1,
) -> None:
    """Work an accepted order off; let what is left wait, or drop it; and judge the outcome.

    ``draft`` takes first (its price is the worst it accepts); what is left of it rests, or goes
    into an auction. ``keeper_fee`` is held back once something waits; ``maker`` is the account
    of the hedged vault it is directed at (-1: none).
    """
    interest = market.open_interest
    before = draft.filled
    risky = checks.adds_risk(draft.position, draft.side, draft.remaining, draft.reduce_only)
    equity = 0 if risky else margin.equity(txn.state, draft.account)
    done = 0
    if post == POST_NONE:
        filled = draft.filled
        if kind == MARKET and tif == IOC and market.params.auction:
            done = work_market(txn, market, draft, maker)
        else:
            done = work_at_once(txn, market, draft, kind, tif, maker)
        if draft.keeper_fee > 0 and draft.filled > filled:
            escrow.after_fill(txn, draft)
    if done != 0:
        drop(txn, draft, done)
    elif tif == GTC:
        settle_to_book(txn, draft)
        if draft.resting:
            escrow.hold(txn, market, draft, keeper_fee)
    else:
        escrow.hold(txn, market, draft, keeper_fee)
    if risky:
        check_outcome(txn, market, draft, interest, done == 0 and tif != GTC)
    elif draft.filled > before:
        check_solvent(txn, draft.account, equity)


def check_outcome(txn: Txn, market: Market, draft: Order, interest: int, auctioned: bool) -> None:
    """Refuse an outcome that the account, or the bound of the open interest, cannot carry.

    ``interest``: before the order. What waits in an auction counts as if it were opened already.
    """
    spare = margin.free(txn.state, draft.account)
    if spare < 0:
        have = margin.equity(txn.state, draft.account)
        raise Reject(INSUFFICIENT_MARGIN, have, have - spare)
    opened = market.open_interest
    if auctioned:
        opened += max(0, draft.remaining - draft.position.closable(draft.side))
    most = market.params.open_interest_max
    if opened > most and opened > interest:
        raise Reject(OPEN_INTEREST, opened, most)


def check_solvent(txn: Txn, account: Account, before: int) -> None:
    """Refuse a reduction that leaves its account owing more: others would have to pay for it.

    ``before``: equity before the order.
    """
    have = margin.equity(txn.state, account)
    if have < 0 and have < before:
        raise Reject(INSUFFICIENT_MARGIN, have, min(before, 0))


def work_at_once(txn: Txn, market: Market, draft: Order, kind: int, tif: int, maker: int) -> int:
    """Book, hedged vaults, then vAMM; returns what ends the order, 0 if the rest of it is to rest.

    Rejects: FOK_NOT_FILLABLE.
    """
    asked = draft.remaining
    complete = routing.work(txn, market, draft, maker)
    if draft.remaining == 0:
        return DONE_FILLED
    if tif == FOK:
        raise Reject(FOK_NOT_FILLABLE, asked - draft.remaining, asked)
    if not complete:
        # Resting it would cross what it has not met yet.
        return DONE_WORK_LIMIT
    if tif == GTC:
        return 0
    return DONE_NO_LIQUIDITY if kind == MARKET and draft.filled == 0 else DONE_IOC


def work_market(txn: Txn, market: Market, draft: Order, maker: int) -> int:
    """Book, hedged vaults, then an auction; the vAMM at once for what is too small for one.

    Returns what ends the order, or ``IN_AUCTION``. Rejects: AUCTIONS_FULL, OPEN_ORDERS_LIMIT.
    """
    complete = routing.take_book(txn, market, draft, draft.price)
    book.trim_reduce_only(txn)
    if draft.remaining == 0:
        return DONE_FILLED
    if not complete:
        return DONE_WORK_LIMIT
    hedged.take(txn, market, draft, maker)
    book.trim_reduce_only(txn)
    if draft.remaining == 0:
        return DONE_FILLED
    if goes_up(txn, market, draft):
        account = draft.account
        if auctions.has_room(txn.state, market, account, OF_ORDER):
            if draft.filled == 0:
                checks.check_may_rest(txn, account)
            elif account.open_orders() >= txn.state.globals.params.open_orders_max:
                return DONE_AUCTIONS_FULL
            auctions.start(txn, market, draft, OF_ORDER, 0)
            return IN_AUCTION
        if not market.params.auction_full_to_vamm:
            if draft.filled == 0:
                refuse_full(txn, market, account)
            return DONE_AUCTIONS_FULL
    routing.take_vamm(txn, market, draft)
    book.trim_reduce_only(txn)
    if draft.remaining == 0:
        return DONE_FILLED
    return DONE_NO_LIQUIDITY if draft.filled == 0 else DONE_IOC


def goes_up(txn: Txn, market: Market, draft: Order) -> bool:
    """Whether what is left of a market order is worth an auction, and makers may fill all of it.

    Without a fresh oracle price, what only reduces may start from the average; if there is none,
    there is no auction.
    """
    size = routing.offer(draft)
    if market.effective_mode() != ACTIVE and size > draft.position.closable(draft.side):
        return False
    price = txn.state.oracles[market.ident].price
    if size == 0 or notional_floor(price, size) < market.params.auction_min_notional:
        return False
    return oracle.is_valid(txn.state, market, txn.now) or auctions.reference_price(txn, market) > 0


def refuse_full(txn: Txn, market: Market, account: Account) -> None:
    """Refuse an order that found no room for its auction, with the limit it met."""
    state = txn.state
    params = market.params
    own = account.auctions - account.liquidations
    if own >= params.auctions_per_account:
        raise Reject(AUCTIONS_FULL, own, params.auctions_per_account)
    if auctions.of_orders(state, market) >= auctions.most_orders(params):
        raise Reject(AUCTIONS_FULL, auctions.of_orders(state, market), auctions.most_orders(params))
    raise Reject(AUCTIONS_FULL, len(state.board.live[market.ident]), params.auctions_max)


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
    """Report that an order which does not rest is done; an extra fee nobody earned goes back."""
    escrow.refund(txn, draft)
    book.report_done(txn, draft, reason)


def cancel_order(txn: Txn, cmd: CancelOrder) -> None:
    """Cancel one open order: resting, in an auction, or a trigger.

    Rejects: UNKNOWN_ACCOUNT, NOT_OWNER, UNKNOWN_ORDER.
    """
    account = access.own_or_operator(txn, cmd.account)
    order = standing.find(txn, account, cmd.order, cmd.client_order_id)
    standing.cancel(txn, order, DONE_CANCELLED)


def cancel_all(txn: Txn, cmd: CancelAll) -> None:
    """Cancel every open order of an account, in one market or in all; none is fine."""
    account = access.own_or_operator(txn, cmd.account)
    if cmd.market >= 0:
        txn.state.market(cmd.market)
    standing.cancel_all(txn, account, cmd.market, DONE_CANCELLED)


def amend_order(txn: Txn, cmd: AmendOrder) -> None:
    """Change limit and/or total size of a resting order. Smaller at the same price keeps its
    priority; anything else is placed anew under the same id and may take.

    Rejects: UNKNOWN_ORDER, ALREADY_EXPIRED, AMEND_NOTHING, AMEND_BELOW_FILLED, and those of
    placing.
    """
    account = access.own_trader(txn, cmd.account)
    order = txn.state.orders.get(cmd.order)
    if order is None or order.account is not account:
        raise Reject(UNKNOWN_ORDER, cmd.order)
    market = txn.state.market(order.market)
    if 0 < order.expires_ms < txn.now:
        raise Reject(ALREADY_EXPIRED, order.expires_ms, txn.now)
    if cmd.price == order.price and cmd.size == order.size:
        raise Reject(AMEND_NOTHING, cmd.price, cmd.size)
    checks.check_grid(market.params, cmd.price, cmd.size)
    if cmd.size <= order.filled:
        raise Reject(AMEND_BELOW_FILLED, cmd.size, order.filled)
    left = cmd.size - order.filled
    if not order.reduce_only:
        checks.check_notional(market, cmd.price, left)
    if cmd.price == order.price and cmd.size < order.size:
        removed = order.remaining - left
        book.shrink(txn, order, removed, notional_floor(order.price, removed))
        return
    replace_order(txn, market, order, cmd.price, cmd.size)


def replace_order(txn: Txn, market: Market, order: Order, price: int, size: int) -> None:
    """Take an order out and place it anew under the same id, as a new arrival."""
    left = size - order.filled
    held = order.keeper_fee
    if held > 0:
        # It stays in escrow: the order goes on.
        order.set_keeper_fee(0)
    book.remove(txn, order, DONE_AMENDED)
    checks.check_may_rest(txn, order.account)
    checks.check_mode_and_oracle(
        txn, order.account, order.position, market, order.side, left, order.reduce_only, GTC
    )
    checks.check_band(txn, market, price)
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
    draft.set_keeper_fee(held)
    execute(txn, market, draft, LIMIT, GTC, POST_NONE)
